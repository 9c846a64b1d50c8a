import { Client, find, nameOf, onSubmit, say, showPeople } from "/examples/client.js";
import { deliver } from "/examples/delivery.js";

const client = new Client({ contract: "presence", credentials: () => ({}) });
const talk = find("talk");

async function ask(query) {
  const answer = await client.ask(query);
  if (!answer?.users) return;
  const person = ({ userId, email, sessionCount }) => ({
    name: email ?? nameOf(userId),
    online: true,
    detail: sessionCount && `${sessionCount} ${sessionCount === 1 ? "session" : "sessions"}`,
  });
  showPeople(find("people"), answer.users.map(person), "Nobody.");
}

const again = () => ask(find("look").elements.query.value);

client.on("connect", () => client.emit("authenticate", { token: client.token }));
client.on("connected", again);
client.on("authentication_error", ({ message }) => client.warn(message));
client.on("user_status_update", ({ userId, email, status }) => {
  say(talk, { from: email ?? nameOf(userId), text: `is ${status}` });
  again();
});
client.on("message", ({ senderId, message, metadata, timestamp }) => {
  say(talk, { from: metadata?.serviceName ?? nameOf(senderId), text: message, at: timestamp, note: metadata?.type });
});

onSubmit("look", ({ query }) => ask(query));
deliver(client);
