import { Client, find, onSubmit, say, showPeople } from "/examples/client.js";

const client = new Client({ contract: "friends", credentials: ({ token }) => ({ query: { token } }) });
const talk = find("talk");
const known = new Set(); // ids of messages: what is unseen may have been shown before

client.onOtherUser(() => known.clear()); // for whom a copy of the same message has the same id

function show({ id, message, username, createdAt }, note) {
  if (known.has(id)) return;
  known.add(id);
  say(talk, { from: username, text: message, at: createdAt, note });
}

async function look() {
  const answer = await client.rest("GET", "/users/me/friends");
  if (!answer.ok) return;
  const friend = ({ name, surname, online }) => ({ name: `${name} ${surname}`, online });
  showPeople(find("people"), answer.body.map(friend), "You have no friends yet.");
}

client.on("connect", look);
client.on("connected", look);
client.on("disconnected", look);
client.on("unseen_messages", (messages) => {
  for (const message of messages.reverse()) show(message, "while you were away");
});
client.on("message", (message) => show(message));
client.on("exception", ({ message }) => client.warn(message));

onSubmit("write", ({ text }, form) => {
  client.emit("message", text);
  say(talk, { from: "You", text, mine: true });
  form.reset();
});
