import { Client, find, onSubmit, say, showPeople } from "/examples/client.js";

const client = new Client({ contract: "rooms", credentials: () => ({}) });
const talk = find("talk");
const members = new Map(); // room that this user is in -> who else is, as it was last told
const listening = new Set(); // rooms whose lists are listened for

const path = (roomId) => `/api/v1/rooms/${encodeURIComponent(roomId)}`;
const room = () => find("room").elements.roomId.value;

function show({ roomId, order, username, content, createdAt, socketId }) {
  const mine = socketId !== undefined && socketId === client.socket?.id;
  say(talk, { from: `${roomId} #${order} · ${username}`, text: content, at: createdAt, mine });
}

function listen(roomId) {
  if (listening.has(roomId)) return;
  listening.add(roomId);
  client.on(`participants/${roomId}`, (list) => {
    members.set(roomId, list);
    showMembers();
  });
}

async function join(roomId) {
  listen(roomId);
  const answer = await client.ask("participants", { roomId, username: client.user.name });
  if (answer?.status === "error") out(roomId, "You are not in the room.");
}

function showMembers() {
  const member = ({ username, connected }) => ({ name: username, online: connected });
  const list = members.get(room());
  showPeople(find("people"), (list ?? []).map(member), list ? "Nobody." : "You are not in the room.");
}

/** Be in a room no more. */
function out(roomId, why) {
  members.delete(roomId);
  if (roomId === room()) showPeople(find("people"), [], why);
}

function leave(roomId) {
  client.emit("leave", { roomId });
  out(roomId, "You left the room.");
}

async function history(roomId) {
  const answer = await client.rest("GET", `${path(roomId)}/messages`);
  if (!told(answer)) return;
  talk.replaceChildren();
  for (const message of answer.body) show({ roomId, ...message });
}

function told({ ok, body }) {
  client.warn(ok ? "" : String(body.message));
  return ok;
}

const ACTIONS = {
  join,
  leave,
  history,
  create: async (roomId) => {
    if (told(await client.rest("POST", "/api/v1/rooms", { roomId, creatorUsername: client.user.name }))) join(roomId);
  },
  close: async (roomId) => told(await client.rest("DELETE", path(roomId))),
};

find("room").addEventListener("submit", (event) => {
  event.preventDefault();
  ACTIONS[event.submitter?.value ?? "join"](room());
});

find("room").addEventListener("input", showMembers);

client.onOtherUser(() => members.clear());
client.on("connect", () => [...members.keys()].forEach(join)); // a connection that was lost was in them, and is no more
client.on("exchanges", (sent) => {
  if (!Array.isArray(sent)) show(sent); // on a join a list comes by this name: who is in the room
});
client.on("room_closed", ({ roomId }) => out(roomId, `${roomId} was closed.`));
client.on("exception", ({ message }) => client.warn(String(message)));

onSubmit("write", async ({ text }, form) => {
  listen(room()); // who speaks joins by that
  const answer = await client.ask("exchanges", { roomId: room(), username: client.user.name, content: text });
  if (answer?.order) form.elements.text.value = "";
});
