// The live page: asks for the state of all cameras, shows their newest pictures, reads out what is new.
// Names and labels come from outside and are only ever set as text.
(() => {
  const EVERY_MS = 100, HIDDEN_EVERY_MS = 5000, LOST_AFTER_MS = 3000;
  const WORDS = {
    online: "online", silent: "silent", ended: "ended", source_lost: "source lost", starting: "starting",
  };
  const cards = new Map(), spoken = new Map();
  const wanted = { find: "", first: 0 };
  let lastAnswer = Date.now();

  const make = (name, className, parent, text) => {
    const made = document.createElement(name);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const figure = (parent, caption) => {
    const made = make("figure", "live-picture", parent);
    const image = make("img", "", made);
    image.alt = `${caption}: no picture yet`;
    make("figcaption", "", made, caption);
    return image;
  };

  const card = (camera) => {
    const made = make("section", "live-camera", document.getElementById("live-cameras"));
    made.dataset.camera = camera;
    const head = make("div", "live-head", made);
    const parts = { made, name: make("h2", "", head), state: make("span", "live-state", head) };
    parts.numbers = make("span", "live-numbers", head);
    const pictures = make("div", "live-pictures", made);
    parts.sent = figure(pictures, "As sent");
    parts.annotated = figure(pictures, "With what was seen");
    parts.sentences = make("p", "live-sentences", made);
    parts.objects = make("p", "live-objects", made);
    return parts;
  };

  const show = (image, camera, kind, frame, words) => {
    if (!frame) return;
    image.alt = words;
    // A picture that is still on its way is not overtaken: a slow link would never finish one.
    if (image.dataset.frame === frame || (image.dataset.loading && !image.complete)) return;
    image.dataset.frame = frame;
    image.dataset.loading = "yes";
    image.src = `/live/${encodeURIComponent(camera)}/${kind}.jpg?${encodeURIComponent(frame)}`;
  };

  const ago = (seconds) => {
    if (seconds < 90) return `${Math.round(seconds)} s`;
    return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
  };

  const stateText = (one) => {
    if (one.state === "online") return "online";
    const since = one.age_s === null ? "" : ` – last picture ${ago(one.age_s)} ago`;
    return `${WORDS[one.state] || one.state}${since}${one.error ? ` (${one.error})` : ""}`;
  };

  const update = (one) => {
    if (!cards.has(one.camera)) cards.set(one.camera, card(one.camera));
    const parts = cards.get(one.camera), text = one.sentences.join(" ");
    parts.made.dataset.state = one.state;
    write(parts.name, one.name);
    write(parts.state, stateText(one));
    const latency = one.latency_s === null ? "" : ` · seen after ${one.latency_s.toFixed(2)} s`;
    write(parts.numbers, `${one.frames_per_second.toFixed(1)} pictures/s${latency}`);
    show(parts.sent, one.camera, "sent", one.sent, `${one.name}, as sent`);
    show(parts.annotated, one.camera, "annotated", one.annotated, `${one.name}: ${text}`);
    write(parts.sentences, text || "Nothing was analysed yet.");
    write(parts.objects, one.objects.join(", "));
    speak(one, text);
    return parts.made;
  };

  const speaking = () => document.getElementById("live-speech")?.getAttribute("aria-pressed") === "true";

  // Each new finding once, and never a queue that lags behind what is to be seen.
  const speak = (one, text) => {
    if (!speaking() || one.state !== "online" || !text || spoken.get(one.camera) === text) return;
    if (window.speechSynthesis.pending) return;
    spoken.set(one.camera, text);
    window.speechSynthesis.speak(new SpeechSynthesisUtterance(`${one.name}: ${text}`));
  };

  const arrange = (list, shown) => {
    shown.forEach((made, place) => {
      if (list.children[place] !== made) list.insertBefore(made, list.children[place] || null);
    });
    while (list.children.length > shown.length) list.lastChild.remove();
  };

  // More cameras than one page shows are leafed through and searched by name, place or state.
  const choice = (place) => {
    const find = make("input", "", make("label", "", place, "Find a camera "));
    find.type = "search";
    find.placeholder = "name, place or state";
    find.value = wanted.find;
    find.addEventListener("input", () => Object.assign(wanted, { find: find.value, first: 0 }));
    const leaf = (text, way) => {
      const button = make("button", "toggle", place, text);
      button.addEventListener("click", () => { wanted.first += way * Number(place.dataset.atOnce); });
      return button;
    };
    return { before: leaf("← Previous", -1), said: make("span", "", place), after: leaf("Next →", 1) };
  };

  const choose = (state, asked) => {
    const place = document.getElementById("live-choice"), shown = state.cameras.length;
    place.hidden = !wanted.find && state.found <= shown;
    if (place.hidden) return;
    if (!place.children.length) place.parts = choice(place);
    if (wanted.first === asked) wanted.first = state.first; // else another page was chosen meanwhile
    place.dataset.atOnce = state.at_once;
    write(place.parts.said, shown ? `${state.first + 1} to ${state.first + shown} of ${state.found}` : "none");
    place.parts.before.disabled = !state.first;
    place.parts.after.disabled = state.first + shown >= state.found;
  };

  const trouble = (text) => {
    const place = document.getElementById("live-trouble");
    write(place, text);
    place.hidden = !text;
  };

  const draw = (state, asked) => {
    const list = document.getElementById("live-cameras");
    if (!list.children.length) cards.clear(); // the page was left and came back
    arrange(list, state.cameras.map(update));
    const there = new Set(state.cameras.map((one) => one.camera));
    cards.forEach((_, camera) => { if (!there.has(camera)) cards.delete(camera); });
    choose(state, asked);
    const empty = "No camera has sent a picture yet. Add one: ./pycturestream camera add desk --source 0";
    trouble(state.trouble || (state.cameras.length || wanted.find ? "" : empty));
    list.classList.toggle("stale", Boolean(state.trouble));
  };

  const lost = () => {
    if (Date.now() - lastAnswer < LOST_AFTER_MS) return;
    trouble("The dashboard does not answer; these pictures are old. Is it running? ./pycturestream status");
    document.getElementById("live-cameras").classList.add("stale");
  };

  const look = async () => {
    if (document.getElementById("live")) {
      try {
        const asked = wanted.first, words = `find=${encodeURIComponent(wanted.find)}&first=${asked}`;
        const answer = await fetch(`/live/state.json?${words}`, { signal: AbortSignal.timeout(5000) });
        if (!answer.ok) throw new Error(answer.status);
        draw(await answer.json(), asked);
        lastAnswer = Date.now();
      } catch {
        if (document.getElementById("live")) lost();
      }
    }
    setTimeout(look, document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#live-speech");
    if (!button) return;
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    if (!on) window.speechSynthesis.cancel();
  });
  look();
})();
