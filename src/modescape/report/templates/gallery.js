"use strict";
// Examples with the answers to them: a gallery of images, or the rows of a table; and those that a chosen pair disputes.
(() => {
  const { append } = modescape;
  let kept = null;
  // What examples look like stands once on the page, whatever shows them.
  function examplesOf(name) {
    kept ??= JSON.parse(document.getElementById("examples").textContent);
    return kept[name];
  }

  // A part that scrolls sideways on its own, reached by the tab key.
  modescape.scrolled = (content, label) => {
    const part = document.createElement("div");
    part.className = "scroll";
    part.tabIndex = 0;
    part.setAttribute("role", "region");
    part.setAttribute("aria-label", label);
    part.append(content);
    return part;
  };

  const capital = (text) => text[0].toUpperCase() + text.slice(1);
  const hasTruth = (examples) => examples.truths.some((truth) => truth !== null);
  const truthOf = (examples, number) => examples.truths[number] ?? "not known";

  // One answer: the class, who gave it, and with which probability. `votes` is [class, who, probability, is right].
  function addVotes(parent, [name, who, confidence, isTrue]) {
    const line = append(parent, "p", "");
    line.className = isTrue ? "votes true" : "votes";
    append(line, "b", isTrue ? `${name} ✓` : name);
    append(line, "span", who);
    if (confidence) append(line, "span", confidence).className = "confidence";
  }

  function addCard(list, examples, number, answers) {
    const card = append(list, "li", "");
    const image = document.createElement("img");
    image.src = examples.images[number];
    const truth = hasTruth(examples) ? `, true class ${truthOf(examples, number)}` : "";
    image.alt = capital(examples.titles[number]) + truth;
    card.append(image);
    append(card, "p", capital(examples.titles[number])).className = "hint";
    if (examples.truths[number] !== null) append(append(card, "p", "true: "), "b", examples.truths[number]);
    for (const votes of answers) addVotes(card, votes);
  }

  function addRow(body, examples, number, answers) {
    const line = append(body, "tr", "");
    append(line, "th", capital(examples.titles[number])).scope = "row";
    if (hasTruth(examples)) append(line, "td", truthOf(examples, number));
    const cell = append(line, "td", "");
    cell.className = "answers";
    for (const votes of answers) addVotes(cell, votes);
    for (const value of examples.features?.[number] ?? []) append(line, "td", value);
  }

  // Fill a part of the page with examples; `shown` holds [number, answers].
  function fill(part, examples, shown, label) {
    if (examples.images) {
      const list = append(part, "ul", "");
      list.className = "gallery";
      list.setAttribute("aria-label", label);
      for (const [number, answers] of shown) addCard(list, examples, number, answers);
      return;
    }
    const table = document.createElement("table");
    table.className = "examples";
    const head = append(append(table, "thead", ""), "tr", "");
    const truth = hasTruth(examples) ? ["true class"] : [];
    for (const name of ["example", ...truth, "answers", ...(examples.featureNames ?? [])]) {
      append(head, "th", name).scope = "col";
    }
    const body = append(table, "tbody", "");
    for (const [number, answers] of shown) addRow(body, examples, number, answers);
    part.append(modescape.scrolled(table, label));
  }

  modescape.painters.gallery = ({ spec, plot }) => {
    if (plot.childElementCount) return;
    plot.setAttribute("role", "group");
    fill(plot, examplesOf(spec.examples), spec.shown.map((number, place) => [number, spec.answers[place]]), "Examples");
  };

  // The answer of one member to one example, as `addVotes` wants it.
  function voteOf(detail, examples, row, number, name) {
    const votes = detail.votes[row];
    const answer = votes?.answers[number] ?? -1;
    const word = answer < 0 ? "not known" : detail.classes[answer];
    const confidence = votes?.confidence?.[number];
    return [word, name, confidence ? confidence.toFixed(2) : "", answer >= 0 && word === examples.truths[number]];
  }

  modescape.details.examples = (detail, place, part) => {
    const pair = [place.row, place.column].sort((one, other) => one - other).join(",");
    const numbers = detail.pairs[pair] ?? [];
    append(part, "h4", "Examples that they dispute");
    if (!numbers.length) {
      append(part, "p", `No disputed examples of this pair are kept on this page. ${detail.note}`).className = "hint";
      return;
    }
    const examples = examplesOf(detail.examples);
    const votes = (number) => [place.row, place.column].map((row, side) =>
      voteOf(detail, examples, row, number, place.names[side]));
    fill(part, examples, numbers.map((number) => [number, votes(number)]), "Examples that they dispute");
    if (detail.note) append(part, "p", detail.note).className = "hint";
  };
})();
