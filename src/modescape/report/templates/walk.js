"use strict";
// The walk over a plane: a button that plays it, a slider, and what is known of each step.
(() => {
  const { append } = modescape;
  const [SHORTEST, LONGEST, EACH] = [4000, 14000, 320];  // milliseconds: of a whole walk, and of a step in between
  const LONGEST_FRAME = 100;  // milliseconds: a page that was out of sight goes on where it stood
  const STILL_STEP = 700;  // milliseconds between steps where motion is not wanted

  modescape.addWalk = (item) => {
    const { plane, spec } = item;
    const last = spec.steps.length - 1;
    const bar = append(item.plot.parentElement, "div", "");
    bar.className = "walk";
    const button = append(bar, "button", "");
    button.type = "button";
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: 0, max: last, step: 1, value: last });
    slider.setAttribute("aria-label", "Step of the walk");
    bar.append(slider);
    const told = append(bar, "output", "");
    let playing = null;

    function show() {
      const step = Math.min(last, Math.floor(plane.progress + 1e-9));
      slider.value = String(step);
      slider.setAttribute("aria-valuetext", spec.steps[step]);
      button.textContent = playing === null ? "▶ Play" : "❚❚ Pause";
      button.setAttribute("aria-label", playing === null ? "Play the walk" : "Pause the walk");
      told.replaceChildren();
      append(told, "b", spec.steps[step]);
      for (const walk of spec.walks) {
        const note = walk.x[step] === null ? "no checkpoint" : (walk.notes[step] ?? "").replace(`${spec.steps[step]}: `, "");
        if (note) append(told, "span", spec.walks.length > 1 ? `${walk.name}: ${note}` : note);
      }
      for (const listener of plane.listeners) listener();
    }

    function stop() {
      if (playing !== null) playing();
      [playing, item.moves] = [null, false];
    }

    function play() {
      if (plane.progress >= last) plane.progress = 0;
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      playing = still ? jump() : move();
      item.moves = true;
      show();
    }

    // Evenly onwards, as fast as the screen shows it.
    function move() {
      const speed = last / Math.min(LONGEST, Math.max(SHORTEST, EACH * last));
      let [before, handle] = [performance.now(), 0];
      const next = (now) => {
        plane.progress = Math.min(last, plane.progress + Math.min(LONGEST_FRAME, Math.max(0, now - before)) * speed);
        before = now;
        if (plane.progress >= last) stop();
        else handle = requestAnimationFrame(next);
        show();
      };
      handle = requestAnimationFrame(next);
      return () => cancelAnimationFrame(handle);
    }

    // From step to step without anything in between.
    function jump() {
      const handle = setInterval(() => {
        plane.progress = Math.min(last, Math.floor(plane.progress) + 1);
        if (plane.progress >= last) stop();
        show();
      }, STILL_STEP);
      return () => clearInterval(handle);
    }

    button.addEventListener("click", () => {
      if (playing === null) play();
      else {
        stop();
        show();
      }
    });
    slider.addEventListener("input", () => {
      stop();
      plane.progress = Number(slider.value);
      show();
    });
    show();
  };
})();
