// What every page does: log in, connect, say how the connection is, and show every event of both directions.

export const SEEDED = [
  { id: "624a113c721753da2f9e2567", email: "obi@mail.com", name: "Obivan Kenobi" },
  { id: "624a1138cda69df1a7c29caf", email: "han@mail.com", name: "Han Solo" },
  { id: "624a152057ac013c6375d4e3", email: "anakin@mail.com", name: "Anakin Skywalker" },
];
const PASSWORD = "123456";

const KEPT = 500; // events in the log
const PATIENCE = 10_000; // milliseconds until an acknowledgement counts as missing
const SOMEBODY_ELSE = "else";
const PAGES = {
  friends: "friends",
  direct: "direct",
  rooms: "rooms",
  notifications: "notifications",
  user: "presence",
  internal: "internal",
};

/** Make an element; a property that begins with `on` is a listener, any other an attribute. */
export function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

export const find = (id) => document.getElementById(id);

/** Return a user's name, as far as this page knows it, else the id. */
export const nameOf = (id) => SEEDED.find((user) => user.id === id)?.name ?? id;

/** Call a function with the values of a form, by name, when it is submitted. */
export function onSubmit(id, take) {
  find(id).addEventListener("submit", (event) => {
    event.preventDefault();
    take(Object.fromEntries(new FormData(event.target)), event.target);
  });
}

/** Show something that was said at the end of a list, and scroll to it. */
export function say(list, { from, text, at, mine = false, note }, ...more) {
  const time = at === undefined ? new Date() : new Date(at);
  const meta = [from, time.toLocaleTimeString(), note].filter(Boolean).join(" · ");
  const item = h("li", { class: mine ? "mine" : "theirs" }, h("span", { class: "meta" }, meta), h("p", {}, text), ...more);
  list.append(item);
  list.scrollTop = list.scrollHeight;
  return item;
}

/** Show who is there: `{name, online, detail}` each. */
export function showPeople(list, people, nobody) {
  const row = ({ name, online, detail }) =>
    h(
      "li",
      { class: online ? "online" : "offline" },
      h("span", { class: "who" }, name),
      h("span", { class: "detail" }, [online ? "online" : "offline", detail].filter(Boolean).join(" · ")),
    );
  list.replaceChildren(...(people.length ? people.map(row) : [h("li", { class: "nobody" }, nobody)]));
}

/** Offer the seeded users, or one by id, in an element; return what tells the chosen id. */
export function chooseOne(place, label) {
  const other = h("input", { name: "other", autocomplete: "off", spellcheck: "false" });
  const field = h("label", { class: "field", hidden: true }, "Id of the user", other);
  const select = h("select", {}, ...SEEDED.map(({ id, name }) => h("option", { value: id }, name)));
  select.append(h("option", { value: SOMEBODY_ELSE }, "Another id…"));
  select.addEventListener("change", () => (field.hidden = select.value !== SOMEBODY_ELSE));
  place.append(h("label", { class: "field" }, label, select), field);
  return () => (select.value === SOMEBODY_ELSE ? other.value : select.value);
}

/** Offer any of the seeded users, and others by id, in an element; return what tells the chosen ids. */
export function chooseMany(place) {
  const boxes = SEEDED.map(({ id }) => h("input", { type: "checkbox", value: id }));
  const others = h("input", { autocomplete: "off", spellcheck: "false" });
  place.append(
    h(
      "div",
      { class: "boxes", role: "group", "aria-label": "Recipients" },
      ...SEEDED.map(({ name }, index) => h("label", { class: "box" }, boxes[index], name)),
    ),
    h("label", { class: "field" }, "Other ids, separated by commas", others),
  );
  return () => [
    ...boxes.filter((box) => box.checked).map((box) => box.value),
    ...others.value.split(",").filter((id) => id.trim()),
  ];
}

/** Everything that went over the wire, with time, direction and payload. */
class Log {
  constructor(place) {
    this.list = h("ol", { class: "events", role: "log", tabindex: "0", "aria-label": "Events" });
    this.words = h("input", { type: "search", autocomplete: "off", spellcheck: "false" });
    this.way = h("select", {}, ...["all", "received", "sent", "notes"].map((name) => h("option", {}, name)));
    this.count = h("span", { class: "count" });
    this.words.addEventListener("input", () => this.filter());
    this.way.addEventListener("change", () => this.filter());
    const clear = h("button", { type: "button", onclick: () => this.clear() }, "Clear");
    place.append(
      h("div", { class: "title" }, h("h2", { id: "log-title" }, "Raw events"), this.count),
      h(
        "div",
        { class: "row" },
        h("label", { class: "field grow" }, "Filter", this.words),
        h("label", { class: "field" }, "Show", this.way),
        clear,
      ),
      this.list,
    );
    this.filter();
  }

  /** Add an entry. `way` is `received`, `sent` or `notes`. */
  add(way, name, ...args) {
    const now = new Date();
    const payload = args.map(shown).join("\n");
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    const arrow = { received: "←", sent: "→", notes: "·" }[way];
    const entry = h(
      "li",
      { class: way },
      h("span", { class: "arrow", "aria-hidden": "true" }, arrow),
      h("code", { class: "name" }, name),
      h("span", { class: "way" }, way === "notes" ? "note" : way),
      h("time", { datetime: now.toISOString() }, now.toISOString().slice(11, 23)),
    );
    if (payload) entry.append(h("pre", {}, payload));
    this.list.append(entry);
    while (this.list.children.length > KEPT) this.list.firstChild.remove();
    this.filter();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  clear() {
    this.list.replaceChildren();
    this.filter();
  }

  filter() {
    const words = this.words.value.toLowerCase();
    const entries = [...this.list.children];
    for (const entry of entries) {
      const wanted = this.way.value === "all" || entry.classList.contains(this.way.value);
      entry.hidden = !wanted || !entry.textContent.toLowerCase().includes(words);
    }
    const visible = entries.filter((entry) => !entry.hidden).length;
    this.count.textContent = visible === entries.length ? `${visible}` : `${visible} of ${entries.length}`;
  }
}

/** Return a payload as JSON: on one line if it is short, and without its secrets. */
function shown(payload) {
  const hidden = (key, value) => {
    if (typeof value !== "string") return value;
    if (["password", "serviceKey", "sessionID"].includes(key)) return "…";
    return /^(Bearer )?eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? "(token)" : value;
  };
  const long = JSON.stringify(payload, hidden, 2);
  if (long === undefined) return "";
  const short = long.replace(/\n\s*/g, " ");
  return short.length > 60 ? long : short;
}

/**
 * A user's connection to a contract, and the parts of the page that are about it.
 *
 * `credentials` returns, from the client, the options of `io` that carry who it is. A `service` does not log in: it has
 * a name and a key. Fieldsets with `data-connected` can be used while the connection stands.
 */
export class Client {
  user = null; // as the server answered it
  token = "";
  socket = null;
  attempt = 0;

  constructor({ contract, credentials, service = false }) {
    this.contract = contract;
    this.credentials = credentials;
    this.service = service;
    this.listeners = [];
    this.blank = ["talk", "people"].map(find).filter(Boolean).map((list) => [list, [...list.children]]);
    this.forget = []; // what else is to be done when somebody else logs in
    navigation();
    this.drawConnection(find("connection"));
    this.log = new Log(find("log"));
    this.notice = h("p", { role: "alert" });
    document.body.append(
      h("div", { class: "notice" }, this.notice, h("button", { onclick: () => this.warn("") }, "Dismiss")),
    );
    this.warn("");
    this.tell("off", "Not connected");
    this.locate();
    if (!window.io) {
      this.warn("The Socket.IO library could not be loaded: this server has no copy, and its public CDN was not reached.");
      this.connectButton.disabled = true;
    }
  }

  drawConnection(place) {
    this.state = h("p", { role: "status", class: "state" });
    this.form = h("form", {}, ...(this.service ? this.serviceFields() : this.userFields()));
    this.address = h("input", { type: "url", required: true, spellcheck: "false", autocomplete: "off" });
    this.transports = h(
      "select",
      {},
      h("option", { value: "polling,websocket" }, "polling, then websocket"),
      h("option", { value: "websocket" }, "websocket only"),
      h("option", { value: "polling" }, "polling only"),
    );
    this.connectButton = h("button", { class: "primary" }, "Connect");
    this.disconnectButton = h("button", { type: "button", onclick: () => this.disconnect() }, "Disconnect");
    this.form.append(
      h(
        "details",
        {},
        h("summary", {}, "Where and how"),
        h("label", { class: "field" }, "Address and path of Socket.IO", this.address),
        h("label", { class: "field" }, "Transports", this.transports),
      ),
      h("div", { class: "row" }, this.connectButton, this.disconnectButton),
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.connect();
    });
    place.append(h("h2", {}, this.service ? "Service" : "Log in"), this.form, this.state);
  }

  userFields() {
    const options = SEEDED.map(({ email, name }) => h("option", { value: email }, `${name} (${email})`));
    this.who = h("select", {}, ...options, h("option", { value: SOMEBODY_ELSE }, "Somebody else…"));
    this.email = h("input", { type: "email", autocomplete: "username" });
    this.password = h("input", { type: "password", autocomplete: "current-password" });
    const fields = h(
      "div",
      { class: "row" },
      h("label", { class: "field grow" }, "E-mail", this.email),
      h("label", { class: "field grow" }, "Password", this.password),
    );
    const choose = () => {
      const open = this.who.value === SOMEBODY_ELSE;
      fields.hidden = !open;
      this.email.required = this.password.required = open;
    };
    this.who.addEventListener("change", choose);
    this.who.value = sessionStorage.getItem("who") ?? SEEDED[0].email;
    choose();
    return [h("label", { class: "field" }, "User", this.who), fields];
  }

  serviceFields() {
    this.serviceName = h("input", { autocomplete: "off", value: "notification_service" });
    this.serviceKey = h("input", { type: "password", autocomplete: "off" });
    return [
      h("label", { class: "field" }, "Name", this.serviceName),
      h("label", { class: "field" }, "Key, where the server has one set", this.serviceKey),
    ];
  }

  /** Fill in where the contract is: at this address, but for the gateway of services, which has a port of its own. */
  async locate() {
    this.address.value = `${location.origin}/${this.contract}/socket.io`;
    let listeners;
    try {
      ({ listeners } = await (await fetch("/examples/server.json")).json());
    } catch (error) {
      this.log.add("notes", "GET /examples/server.json", error.message);
      if (this.service) this.warn("The server did not say where services connect: give the address below.");
      return;
    }
    const port = listeners[this.contract];
    if (!port) this.warn(`This server does not serve ${this.contract}.`);
    else if (this.service) this.address.value = `${location.protocol}//${location.hostname}:${port}/socket.io`;
  }

  /** Have a listener called with what an event carries, on every connection. */
  on(event, listener) {
    this.listeners.push([event, listener]);
    this.socket?.on(event, listener);
  }

  /** Have a function called when another user logs in than before: what was shown is not for their eyes. */
  onOtherUser(forget) {
    this.forget.push(forget);
  }

  async connect() {
    this.disconnect();
    const attempt = this.attempt;
    this.warn("");
    this.tell("busy", "Connecting…");
    if (!this.service && !(await this.login())) return;
    if (attempt !== this.attempt) return; // meanwhile it was told to do something else
    const { origin, pathname } = new URL(this.address.value);
    const socket = io(origin, {
      path: pathname,
      transports: this.transports.value.split(","),
      forceNew: true,
      ...this.credentials(this),
    });
    this.socket = socket;
    socket.onAny((event, ...args) => this.log.add("received", event, ...args));
    socket.onAnyOutgoing((event, ...args) => this.log.add("sent", event, ...args));
    socket.on("connect", () => this.connected(socket));
    socket.on("disconnect", (reason) => this.disconnected(socket, reason));
    socket.on("connect_error", (error) => this.refused(socket, error));
    for (const [event, listener] of this.listeners) socket.on(event, listener);
  }

  async login() {
    const seeded = this.who.value !== SOMEBODY_ELSE;
    const credentials = {
      email: seeded ? this.who.value : this.email.value,
      password: seeded ? PASSWORD : this.password.value,
    };
    sessionStorage.setItem("who", this.who.value);
    this.token = "";
    const answer = await this.rest("POST", "/auth/login", credentials);
    if (!answer.ok) {
      this.tell("off", `Not logged in: ${answer.body.message}`);
      return false;
    }
    if (this.user && this.user._id !== answer.body.user._id) this.clear();
    ({ user: this.user, token: this.token } = answer.body);
    return true;
  }

  /** Show nothing of what another user was shown. */
  clear() {
    for (const [list, children] of this.blank) list.replaceChildren(...children);
    this.log.clear();
    for (const forget of this.forget) forget();
  }

  disconnect() {
    const { socket } = this;
    this.attempt += 1;
    this.socket = null;
    socket?.disconnect();
    this.tell("off", "Not connected");
  }

  /** Send an event. */
  emit(event, ...args) {
    this.socket.emit(event, ...args);
  }

  /** Send an event and return what the acknowledgement carries, undefined if none comes. */
  async ask(event, ...args) {
    try {
      const answer = await this.socket.timeout(PATIENCE).emitWithAck(event, ...args);
      this.log.add("received", `ack of ${event}`, answer);
      return answer;
    } catch {
      this.log.add("notes", `no ack of ${event}`);
      return undefined;
    }
  }

  /** Call REST as the user who is logged in; return `{ok, status, body}`. */
  async rest(method, path, payload) {
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : {};
    if (payload !== undefined) headers["Content-Type"] = "application/json";
    this.log.add("sent", `${method} ${path}`, ...(payload === undefined ? [] : [payload]));
    try {
      const answer = await fetch(path, { method, headers, body: payload && JSON.stringify(payload) });
      const text = await answer.text();
      const body = answer.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : text;
      this.log.add("received", `${answer.status} ${method} ${path}`, ...(text ? [body] : []));
      return { ok: answer.ok, status: answer.status, body };
    } catch (error) {
      this.log.add("notes", `${method} ${path}`, error.message);
      return { ok: false, status: 0, body: { message: "the server was not reached" } };
    }
  }

  /** Show what went wrong; an empty text takes it away. */
  warn(text) {
    this.notice.textContent = text;
    this.notice.parentElement.hidden = !text;
  }

  connected(socket) {
    const { engine } = socket.io;
    const as = this.service ? this.serviceName.value : `${this.user.name} · ${this.user._id}`;
    this.log.add("notes", "connect", { id: socket.id, transport: engine.transport.name });
    engine.on("upgrade", (transport) => this.log.add("notes", "upgrade", { transport: transport.name }));
    this.tell("on", `Connected as ${as}`);
  }

  disconnected(socket, reason) {
    this.log.add("notes", "disconnect", { reason });
    if (socket !== this.socket) return;
    if (socket.active) this.tell("busy", "Connection lost: trying again…");
    else this.tell("off", "The server ended the connection");
  }

  refused(socket, error) {
    this.log.add("notes", "connect_error", { message: error.message });
    if (socket !== this.socket) return;
    if (socket.active) this.tell("busy", `Not reached (${error.message}): trying again…`);
    else this.tell("off", `Refused: ${error.message}`);
  }

  /** Say how the connection is: `on`, `off` or `busy`. */
  tell(state, text) {
    this.state.dataset.state = state;
    this.state.textContent = text;
    this.disconnectButton.disabled = state === "off";
    for (const set of document.querySelectorAll("fieldset[data-connected]")) set.disabled = state !== "on";
  }
}

/** Put links to all the pages into the page's header. */
function navigation() {
  const here = location.pathname.split("/").pop().replace(".html", "");
  const link = ([page, title]) =>
    h("a", { href: `/examples/${page}.html`, "aria-current": page === here ? "page" : undefined }, title);
  find("pages").append(...Object.entries(PAGES).map(link));
}
