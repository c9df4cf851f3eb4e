/**
 * Where each operation is found over HTTP. `{target}` is the conversation's path, `{me}` the caller; what the path
 * doesn't take goes into the query of GET and DELETE, into the body of the others.
 */
const routes = {
    "account.get": "GET /v1/users/me",
    "account.update": "PATCH /v1/users/me",
    "account.password": "PUT /v1/users/me/password",
    "user.get": "GET /v1/users/{user}",
    "room.list": "GET /v1/rooms",
    "room.create": "POST /v1/rooms",
    "room.get": "GET {target}",
    "room.update": "PATCH {target}",
    "room.delete": "DELETE {target}",
    "room.join": "PUT {target}/members/{me}",
    "room.leave": "DELETE {target}/members/{me}",
    "room.members": "GET {target}/members",
    "room.invite": "PUT {target}/members/{user}",
    "room.role": "PUT {target}/members/{user}",
    "room.ban": "PUT {target}/bans/{user}",
    "room.unban": "DELETE {target}/bans/{user}",
    "room.bans": "GET {target}/bans",
    "room.kick": "DELETE {target}/members/{user}",
    "message.send": "POST {target}/messages",
    "message.history": "GET {target}/messages",
    "message.get": "GET {target}/messages/{id}",
    "message.edit": "PATCH {target}/messages/{id}",
    "message.delete": "DELETE {target}/messages/{id}",
    "reaction.add": "PUT {target}/messages/{id}/reactions/{reaction}",
    "reaction.remove": "DELETE {target}/messages/{id}/reactions/{reaction}",
    "read.mark": "PUT {target}/read",
    "conversation.list": "GET /v1/conversations",
    "presence.query": "GET /v1/presence",
    "presence.set": "PUT /v1/presence",
};

/** `wcchat://rooms/general` → `/v1/rooms/general`; each part is encoded. */
function targetPath(target) {
    const match = /^wcchat:\/\/(rooms|users)\/([^/]+)$/.exec(target || "");
    if (!match)
        throw new TypeError(`no target: ${target}`);
    return `/v1/${match[1]}/${encodeURIComponent(match[2])}`;
}

/** {method, path, query | body} of an operation. Throws TypeError for one that HTTP doesn't have. */
export function routeOf(op, args, me) {
    const [method, pattern] = (routes[op] || "").split(" ");
    if (!pattern)
        throw new TypeError(`no such operation: ${op}`);
    const rest = {...args};
    const path = pattern.replace(/\{(\w+)\}/g, (_, name) => {
        const value = name === "me" ? me : rest[name];
        delete rest[name];
        return name === "target" ? targetPath(value) : encodeURIComponent(value);
    });
    return ["GET", "DELETE"].includes(method) ? {method, path, query: rest} : {method, path, body: rest};
}
