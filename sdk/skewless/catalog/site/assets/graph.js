// The lineage as a graph to walk. First sources, views, services and models; then, of what was
// chosen, the columns and features around it. The address names what is chosen.
(function () {
  "use strict";
  const walk = document.querySelector(".walk");
  const data = window.skewlessGraph;
  if (!walk || !data) return;

  const stage = walk.querySelector(".stage");
  const canvas = walk.querySelector(".canvas");
  const svg = walk.querySelector("svg");
  const trail = walk.querySelector(".trail");
  const hint = walk.querySelector(".walk-hint");
  const HINT = hint.textContent;
  const said = walk.querySelector("[role=status]");
  const sides = walk.querySelector(".sides");
  const depth = walk.querySelector("[name=all]");
  const MOST = 120;
  const WIDTH = 172;
  const HEIGHT = 44;
  const MARGIN = 24;
  const ROOT = "(root)";
  const SVG = "http://www.w3.org/2000/svg";

  // Two graphs: of parts (columns, features, services, models), and of what these belong to.

  function graph() {
    return { nodes: new Map(), up: new Map(), down: new Map() };
  }
  function add(to, node) {
    if (!to.nodes.has(node.id)) {
      to.nodes.set(node.id, node);
      to.up.set(node.id, new Set());
      to.down.set(node.id, new Set());
    }
  }
  function join(to, read, reader) {
    if (read === reader) return;
    to.up.get(reader).add(read);
    to.down.get(read).add(reader);
  }

  const WHOLE = { column: "source", feature: "view" };
  // A view and a service may be called alike.
  const services = new Set(data.nodes.filter((node) => node[1] === "service").map((node) => node[0]));
  const parts = graph();
  const wholes = graph();
  const owners = data.nodes.map(([id, kind, owner, name, page]) => {
    const own = name && services.has(owner) ? `view ${owner}` : name ? owner : id;
    const whole = WHOLE[kind] || kind;
    add(parts, { id, kind, name: name || owner, of: name ? owner : kind, owner, whole: own, page });
    add(wholes, { id: own, kind: whole, name: owner, of: whole, owner, whole: own, page: page.split("#")[0] });
    return own;
  });
  for (const [read, reader] of data.edges) {
    join(parts, data.nodes[read][0], data.nodes[reader][0]);
    join(wholes, owners[read], owners[reader]);
  }

  // What is shown around what was chosen: its neighbours, or all that it stands on and carries.

  function reach(from, start, side, steps) {
    const found = new Map([[start, 0]]);
    for (const [id, far] of found) {
      if (far === steps) continue;
      for (const next of from[side].get(id)) if (!found.has(next)) found.set(next, far + 1);
    }
    return [...found.keys()].slice(1);
  }

  function around(id) {
    const from = wholes.nodes.has(id) ? wholes : parts;
    const steps = depth.checked ? Infinity : 1;
    const near = [...reach(from, id, "up", steps), ...reach(from, id, "down", steps)];
    return { from, ids: [id, ...near].slice(0, MOST), left: Math.max(0, near.length + 1 - MOST) };
  }

  function everything() {
    const ids = [...wholes.nodes.keys()];
    return { from: wholes, ids: ids.slice(0, MOST), left: Math.max(0, ids.length - MOST) };
  }

  let focus = "";
  const visited = [];
  let shown = everything();
  const buttons = new Map();

  function layout({ from, ids }) {
    const drawn = new dagre.graphlib.Graph();
    drawn.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 52, marginx: MARGIN, marginy: MARGIN });
    drawn.setDefaultEdgeLabel(() => ({}));
    const there = new Set(ids);
    // What reads nothing hangs on one node that is not drawn, and so stands on the left.
    drawn.setNode(ROOT, { width: 0, height: 0 });
    for (const id of ids) drawn.setNode(id, { width: WIDTH, height: HEIGHT });
    for (const id of ids) {
      const isFirst = ![...from.up.get(id)].some((read) => there.has(read));
      if (isFirst) drawn.setEdge(ROOT, id, { weight: 4 });
      const readers = [...from.down.get(id)].filter((reader) => there.has(reader));
      for (const reader of readers) drawn.setEdge(id, reader, { weight: isFirst ? 3 : 1 });
    }
    dagre.layout(drawn);
    const nodes = ids.map((id) => drawn.node(id));
    const shift = Math.min(...nodes.map((node) => node.x)) - WIDTH / 2 - MARGIN;
    for (const node of nodes) node.x -= shift;
    for (const edge of drawn.edges()) for (const point of drawn.edge(edge).points) point.x -= shift;
    drawn.graph().width -= shift;
    return drawn;
  }

  function draw() {
    shown = focus ? around(focus) : everything();
    const drawn = layout(shown);
    const { width, height } = drawn.graph();
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    for (const [id, button] of buttons)
      if (!shown.ids.includes(id)) {
        button.remove();
        buttons.delete(id);
      }
    for (const id of shown.ids) {
      const { x, y } = drawn.node(id);
      const button = buttons.get(id) || make(shown.from.nodes.get(id));
      button.style.transform = `translate(${x - WIDTH / 2}px, ${y - HEIGHT / 2}px)`;
      button.setAttribute("aria-current", String(id === focus));
      button.tabIndex = id === (focus || shown.ids[0]) ? 0 : -1;
    }
    drawEdges(drawn);
    tell();
  }

  function make(node) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `node k-${node.kind}`;
    button.dataset.id = node.id;
    button.style.width = `${WIDTH}px`;
    button.style.height = `${HEIGHT}px`;
    button.title = node.id;
    const of = document.createElement("small");
    const name = document.createElement("bdi");
    name.textContent = node.name;
    of.textContent = node.of;
    button.append(name, of);
    canvas.append(button);
    buttons.set(node.id, button);
    return button;
  }

  // A curve from side to side, through the points between: it leaves and comes in level.
  function curve(from, between, to) {
    let last = { x: from.x + WIDTH / 2, y: from.y };
    let path = `M${last.x} ${last.y}`;
    for (const point of [...between, { x: to.x - WIDTH / 2, y: to.y }]) {
      const middle = (last.x + point.x) / 2;
      path += `C${middle} ${last.y} ${middle} ${point.y} ${point.x} ${point.y}`;
      last = point;
    }
    return path;
  }

  function drawEdges(drawn) {
    svg.replaceChildren(
      ...drawn.edges().filter((edge) => edge.v !== ROOT).map((edge) => {
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", curve(drawn.node(edge.v), drawn.edge(edge).points.slice(1, -1), drawn.node(edge.w)));
        if (edge.v === focus || edge.w === focus) path.setAttribute("class", "near");
        return path;
      }),
    );
  }

  // In words, below the graph and for screen readers.

  function heading(tag, text) {
    const made = document.createElement(tag);
    made.textContent = text;
    return made;
  }

  function side(title, ids, told = (id) => id) {
    const made = document.createElement("div");
    made.append(heading("h3", `${title} (${ids.length})`));
    const list = document.createElement("ul");
    for (const id of ids.slice(0, MOST)) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = address(id);
      link.className = "n";
      link.textContent = told(id);
      item.append(link);
      list.append(item);
    }
    if (ids.length > MOST) list.append(heading("li", `and ${ids.length - MOST} more`));
    made.append(list);
    return made;
  }

  function tell() {
    sides.replaceChildren();
    trail.replaceChildren();
    hint.textContent = shown.left ? `${HINT} ${shown.left} more are not drawn.` : HINT;
    const all = document.createElement("button");
    all.type = "button";
    all.textContent = "All of it";
    all.addEventListener("click", () => go(""));
    if (focus) trail.append(all);
    depth.closest("label").hidden = !focus;
    if (!focus) return;
    const node = shown.from.nodes.get(focus);
    if (node.whole !== node.id) {
      const whole = document.createElement("button");
      whole.type = "button";
      whole.textContent = node.owner;
      whole.addEventListener("click", () => go(node.whole));
      trail.append(whole);
    }
    trail.append(heading("b", node.name));
    const about = document.createElement("div");
    about.append(heading("h2", node.name));
    const line = document.createElement("p");
    line.className = "faint";
    line.textContent = node.of === node.kind ? node.kind : `${node.kind} of ${node.of}`;
    about.append(line);
    if (node.page) {
      const link = document.createElement("a");
      link.href = node.page;
      link.textContent = "Open its page";
      about.append(link);
    }
    const own = shown.from === wholes ? [...parts.nodes.values()].filter((part) => part.whole === node.id && part.id !== node.id) : [];
    if (own.length) about.append(side(node.kind === "source" ? "Columns" : "Features", own.map((part) => part.id), (id) => parts.nodes.get(id).name));
    sides.append(about);
    const [up, down] = [[...shown.from.up.get(focus)], [...shown.from.down.get(focus)]];
    said.textContent = `${line.textContent} ${node.name}: made of ${up.length}, read by ${down.length}`;
    if (up.length) sides.append(side("Made of", up));
    if (down.length) sides.append(side("Read by", down));
  }

  function address(id) {
    return `#${encodeURIComponent(id)}`;
  }

  function go(id) {
    if (id === focus) return;
    location.hash = id ? address(id) : "";
  }

  function fromAddress({ keepFocus = true } = {}) {
    let asked = "";
    try {
      asked = decodeURIComponent(location.hash.slice(1));
    } catch {
      // An address that is no text names nothing.
    }
    const inStage = keepFocus && stage.contains(document.activeElement);
    if (asked !== focus) visited.push(asked);
    focus = wholes.nodes.has(asked) || parts.nodes.has(asked) ? asked : "";
    draw();
    const button = buttons.get(focus);
    if (inStage) (button || buttons.values().next().value)?.focus({ preventScroll: true });
    centre(button);
  }

  function centre(button) {
    if (!button) return stage.scrollTo({ left: 0, top: 0 });
    const moved = new DOMMatrix(button.style.transform);
    stage.scrollTo({
      left: moved.e + WIDTH / 2 - stage.clientWidth / 2,
      top: moved.f + HEIGHT / 2 - stage.clientHeight / 2,
    });
  }

  canvas.addEventListener("click", (event) => {
    const button = event.target.closest(".node");
    if (button) go(button.dataset.id);
  });

  function place(id) {
    const moved = new DOMMatrix(buttons.get(id).style.transform);
    return { x: moved.e, y: moved.f };
  }

  // Left and right go along edges to the nearest; up and down to what stands next in the column.
  function beside(id, key) {
    const here = place(id);
    const far = (other) => Math.abs(place(other).y - here.y);
    if (key === "ArrowLeft" || key === "ArrowRight") {
      const next = shown.from[key === "ArrowLeft" ? "up" : "down"].get(id);
      return [...next].filter((other) => buttons.has(other)).sort((a, b) => far(a) - far(b))[0];
    }
    const sign = key === "ArrowUp" ? -1 : 1;
    return shown.ids
      .filter((other) => Math.abs(place(other).x - here.x) < WIDTH / 2 && sign * (place(other).y - here.y) > 1)
      .sort((a, b) => far(a) - far(b))[0];
  }

  stage.addEventListener("keydown", (event) => {
    const button = event.target.closest(".node");
    if (event.key === "Escape" && focus) {
      event.preventDefault();
      visited.pop();
      go(visited.pop() || "");
    } else if (button && event.key.startsWith("Arrow")) {
      event.preventDefault();
      const next = buttons.get(beside(button.dataset.id, event.key));
      if (!next) return;
      button.tabIndex = -1;
      next.tabIndex = 0;
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  });
  depth.addEventListener("change", () => fromAddress());
  window.addEventListener("hashchange", () => fromAddress());
  walk.hidden = false;
  fromAddress({ keepFocus: false });
})();
