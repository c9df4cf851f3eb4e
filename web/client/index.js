export {Client} from "./client.js";
export {Cursors, seqOf} from "./cursors.js";
export {ChatError} from "./errors.js";
export {natsTransport} from "./nats.js";
export {Rest} from "./rest.js";
export {CLOSE} from "./session.js";
export {Tokens, memoryStorage} from "./tokens.js";
export {webSocketTransport, webSocketUrl} from "./websocket.js";
