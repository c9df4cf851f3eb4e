#ifndef WC_HTTP_FILES_H
#define WC_HTTP_FILES_H

#include "http/http.h"

/*
 * The web app: the folder of --web, as web/build.mjs writes it. `/` is index.html, `/docs` the
 * description of the API, beside its sources; all are asked for anew each time. What is in
 * assets/ has the hash of its content in its name and is kept by browsers for ever. Sent compressed where a .br or .gz
 * lies beside it. Nothing else of the folder is served, so no path leads out of it.
 */
void wc_http_register_files(struct wc_http *http, h2o_pathconf_t *where);

#endif
