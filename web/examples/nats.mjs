// Chat from a terminal over NATS: what comes is printed, what is typed goes to a room.
//   node web/examples/nats.mjs http://127.0.0.1:8080 USER PASSWORD [ROOM]
// Needs `npm install @nats-io/transport-node`.
import {randomUUID} from "node:crypto";
import readline from "node:readline";
import {connect, jwtAuthenticator} from "@nats-io/transport-node";
import {Client, Rest, Tokens, natsTransport} from "../client/index.js";

const [url, user, password, room = "general"] = process.argv.slice(2);
const target = `wcchat://rooms/${room}`;
const rest = new Rest(url);
const tokens = new Tokens(rest);
const client = new Client({rest, tokens, transport: natsTransport({connect, jwtAuthenticator, rest, tokens})});

client.on("state", ({state, reason}) => console.error(`[${state}${reason && `: ${reason}`}]`));
client.on("resync", () => console.error("[something was missed]"));
client.on("event", ({type, data}) => {
    if (data.target === target && type.endsWith(".messagepublished"))
        console.log(`${data.from}: ${data.text}`);
});

await tokens.signIn(user, password);
client.start();

for await (const text of readline.createInterface({input: process.stdin}))
    await client.send("message.send", {target, text, client_id: randomUUID()})
        .catch((error) => console.error(`[${error.code}: ${error.message}]`));
client.stop();
setTimeout(() => process.exit(), 200);
