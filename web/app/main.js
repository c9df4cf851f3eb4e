import {html, render} from "./html.js";
import {Chat} from "./model/chat.js";
import {notify} from "./notify.js";
import {onRoute} from "./router.js";
import {applyTheme} from "./theme.js";
import {Ui} from "./ui.js";
import {App} from "./view/app.js";

applyTheme();
const root = document.getElementById("app");
const draw = () => render(html`<${App} chat=${chat} ui=${ui} />`, root);
const ui = new Ui(() => chat.changed());
const chat = new Chat(draw);

const arrived = () => {
    ui.closeAll();
    chat.changed(); // not at once: the address also changes while a page is drawn
};
chat.client.on("event", (event) => notify(event, chat));
onRoute(arrived);
addEventListener("click", (event) => {
    if (event.target.closest("a")?.hash === location.hash) // no change, but it is where one wants to be
        arrived();
});
addEventListener("beforeunload", (event) => chat.unsent && event.preventDefault());
addEventListener("online", () => chat.client.wake());
addEventListener("offline", () => chat.client.wake());
addEventListener("focus", chat.changed);
document.addEventListener("visibilitychange", () => {
    if (!document.hidden)
        chat.client.wake();
    chat.changed();
});
chat.begin();
draw();
