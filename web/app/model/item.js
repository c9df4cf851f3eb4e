/** "messagepublished" of "com.….events.messagepublished" */
export const typeOf = (event) => event.type.slice(event.type.lastIndexOf(".") + 1);

/** A live event in the form in which history has it. */
export function itemOf(event) {
    return {...event.data, id: event.id, time: event.time, type: typeOf(event)};
}

/** What a conversation shows; all else only changes something else. */
export const SHOWN = ["messagepublished", "userjoined", "userleft", "roomcreated", "roomupdated"];
