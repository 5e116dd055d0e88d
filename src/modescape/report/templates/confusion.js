"use strict";
// The joint confusion of the two networks of a chosen cell: what both answered, for all examples or those of one class.
(() => {
  const { append } = modescape;
  const MOST_CLASSES = 12;  // answers with a row of their own; of more classes the others are one row
  const ALL = -1;
  const written = (number) => number.toLocaleString("en-US");

  // Classes from their bytes (interactive/examples.py); the highest number stands for a class that is not known.
  function decoded(detail, text) {
    if (text === null) return null;
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    if (detail.bytes === 1) return bytes;
    return Uint16Array.from({ length: bytes.length / 2 }, (_, place) => bytes[2 * place] + 256 * bytes[2 * place + 1]);
  }

  function classesOf(detail, row) {
    detail.decoded ??= new Map();
    if (!detail.decoded.has(row)) detail.decoded.set(row, decoded(detail, row === ALL ? detail.labels : detail.rows[row]));
    return detail.decoded.get(row);
  }

  // How often both answers come together, and how many examples both, one and none of the networks get right.
  function counted(detail, first, second, labels, chosen) {
    const unknown = detail.bytes === 1 ? 255 : 65535;
    const sums = { cells: new Map(), answers: new Map(), all: 0, same: 0, bothRight: 0, firstRight: 0, secondRight: 0, sameError: 0 };
    const add = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
    for (let example = 0; example < first.length; example++) {
      const [one, other, truth] = [first[example], second[example], labels ? labels[example] : unknown];
      if (one === unknown || other === unknown || (chosen !== ALL && truth !== chosen)) continue;
      sums.all++;
      add(sums.cells, `${one},${other}`);
      add(sums.answers, one);
      if (one !== other) add(sums.answers, other);
      if (one === other) sums.same++;
      if (one === truth && other === truth) sums.bothRight++;
      else if (one === truth) sums.firstRight++;
      else if (other === truth) sums.secondRight++;
      else if (one === other) sums.sameError++;
    }
    return sums;
  }

  function told(sums, names, ofClass) {
    const start = `Of ${written(sums.all)} examples${ofClass ? ` of class ${ofClass}` : ""}, `;
    const wrong = sums.all - sums.bothRight - sums.firstRight - sums.secondRight;
    return `${start}both are right on ${written(sums.bothRight)}, only ${names[0]} on ${written(sums.firstRight)}, only `
      + `${names[1]} on ${written(sums.secondRight)}, none on ${written(wrong)}; where none is right, both give the same `
      + `answer to ${written(sums.sameError)} and different ones to ${written(wrong - sums.sameError)}.`;
  }

  const toldWithoutTruth = (sums) => `Of ${written(sums.all)} examples, both give the same answer to `
    + `${written(sums.same)} and different ones to ${written(sums.all - sums.same)}.`;

  // The answers with a row and a column each, as lists of classes: the last may hold all that are rare.
  function grouped(sums) {
    const byNumber = [...sums.answers.keys()].sort((one, other) => one - other);
    if (byNumber.length <= MOST_CLASSES) return byNumber.map((one) => [one]);
    const frequent = [...sums.answers].sort((one, other) => other[1] - one[1] || one[0] - other[0]);
    const own = new Set(frequent.slice(0, MOST_CLASSES - 1).map(([one]) => one));
    return [...byNumber.filter((one) => own.has(one)).map((one) => [one]), byNumber.filter((one) => !own.has(one))];
  }

  const nameOf = (detail, group, chosen) => {
    if (group.length > 1) return `${group.length} others`;
    return detail.classes[group[0]] + (group[0] === chosen ? " (true)" : "");
  };

  function cellOf(line, count, most, { same, right }) {
    const cell = append(line, "td", written(count));
    if (count === 0) cell.className = "zero";
    else if (same) cell.className = "same";
    else cell.style.setProperty("--share", `${Math.round(70 * Math.sqrt(count / most))}%`);
    if (right) cell.classList.add("right");
  }

  function fillTable(table, detail, sums, names, chosen) {
    table.replaceChildren();
    const groups = grouped(sums);
    const count = (rows, columns) => rows.reduce((sum, row) =>
      sum + columns.reduce((inner, column) => inner + (sums.cells.get(`${row},${column}`) ?? 0), 0), 0);
    const counts = groups.map((row) => groups.map((column) => count(row, column)));
    const most = Math.max(1, ...counts.flatMap((line, row) => line.filter((_, column) => row !== column)));
    append(table, "caption", `Examples by the answer of ${names[0]} (rows) and of ${names[1]} (columns)`);
    const head = append(append(table, "thead", ""), "tr", "");
    append(head, "td", "");
    for (const group of groups) append(head, "th", nameOf(detail, group, chosen)).scope = "col";
    const body = append(table, "tbody", "");
    groups.forEach((group, row) => {
      const line = append(body, "tr", "");
      append(line, "th", nameOf(detail, group, chosen)).scope = "row";
      groups.forEach((_, column) => cellOf(line, counts[row][column], most, {
        same: row === column && group.length === 1,
        right: row === column && group.length === 1 && group[0] === chosen,
      }));
    });
  }

  // A list to choose the true class from, with how many examples each has; the choice holds for the next cells too.
  function choiceOf(detail, labels, id) {
    const label = document.createElement("label");
    label.append("True class ");
    const list = append(label, "select", "");
    list.id = id;
    const numbers = new Map();
    for (const one of labels) numbers.set(one, (numbers.get(one) ?? 0) + 1);
    const add = (value, text) => { append(list, "option", text).value = String(value); };
    add(ALL, `all (${written(labels.length)})`);
    detail.classes.forEach((name, one) => { if (numbers.has(one)) add(one, `${name} (${written(numbers.get(one))})`); });
    list.value = String(detail.chosen ?? ALL);
    return [label, list];
  }

  modescape.details.confusion = (detail, place, part) => {
    append(part, "h4", "Joint confusion");
    const [first, second, labels] = [place.row, place.column, ALL].map((row) => classesOf(detail, row));
    if (!first || !second) {
      append(part, "p", `The answers of this pair are not kept on this page. ${detail.note}`).className = "hint";
      return;
    }
    const sentence = document.createElement("p");
    const table = document.createElement("table");
    table.className = "confusion";
    function show() {
      const chosen = detail.chosen ?? ALL;
      const sums = counted(detail, first, second, labels, chosen);
      sentence.textContent = labels ? told(sums, place.names, detail.classes[chosen]) : toldWithoutTruth(sums);
      fillTable(table, detail, sums, place.names, chosen);
    }
    if (labels) {
      const [label, list] = choiceOf(detail, labels, `${place.id}-class`);
      part.append(label);
      list.addEventListener("change", () => {
        detail.chosen = Number(list.value);
        show();
      });
      sentence.setAttribute("role", "status");
    }
    part.append(sentence, modescape.scrolled(table, "Joint confusion"));
    if (detail.note) append(part, "p", detail.note).className = "hint";
    show();
  };
})();
