/** "messagepublished" of "com.….events.messagepublished" */
export const typeOf = (event) => event.type.slice(event.type.lastIndexOf(".") + 1);

/** A live event in the form in which history has it. */
export function itemOf(event) {
    return {...event.data, id: event.id, time: event.time, type: typeOf(event)};
}

/** The reactions of a message after one of them changed. */
export function reacted(reactions, {reaction, added, count, from}) {
    const others = (one) => one.users.filter((user) => user !== from);
    const there = (reactions || []).some((one) => one.reaction === reaction);
    const all = there ? reactions : [...(reactions || []), {reaction, count, users: []}];
    return all.map((one) => (one.reaction === reaction ? {...one, count, users: added ? [...others(one), from] : others(one)} : one))
        .filter((one) => one.count > 0);
}

/** What a conversation shows; all else only changes something else. */
export const SHOWN = ["messagepublished", "userjoined", "userleft", "roomcreated", "roomupdated"];
