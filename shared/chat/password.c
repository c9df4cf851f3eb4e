#include "chat/password.h"

#include "base/crypto.h"
#include "base/mem.h"

#include <argon2.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define MEMORY_KIB 19456
#define PASSES     2
#define LANES      1
#define SALT_BYTES 16
#define HASH_BYTES 32

/* What a stored hash may ask of us: four times our own, or a damaged record could stall or starve a thread. */
#define MEMORY_KIB_MAX (4 * MEMORY_KIB)
#define PASSES_MAX     8
#define PHC_MAX        256

#define THREADS_MAX 16

enum kind { HASH, VERIFY };

struct job {
    struct job *next;
    enum kind kind;
    union {
        wc_password_hash_cb hash;
        wc_password_verify_cb verify;
    } cb;
    void *arg;
    uint8_t salt[SALT_BYTES];
    char phc[PHC_MAX]; /* NUL-terminated: to verify against, or made here */
    wc_err err;
    bool right;
    size_t n;
    char password[]; /* wiped as soon as it is used */
};

struct list {
    struct job *first;
    struct job **end;
};

struct wc_passwords {
    struct ev_loop *loop;
    struct ev_async finished;
    unsigned pending, limit; /* the loop's only */
    unsigned nthreads;
    pthread_t threads[THREADS_MAX];
    pthread_mutex_t lock; /* for all below */
    pthread_cond_t wake;
    struct list waiting, done;
    bool stopping;
};

static void list_init(struct list *l)
{
    l->first = NULL;
    l->end = &l->first;
}

static void list_push(struct list *l, struct job *j)
{
    j->next = NULL;
    *l->end = j;
    l->end = &j->next;
}

static struct job *list_pop(struct list *l)
{
    struct job *j = l->first;
    if (j == NULL)
        return NULL;
    l->first = j->next;
    if (l->first == NULL)
        l->end = &l->first;
    return j;
}

static void free_job(struct job *j)
{
    explicit_bzero(j->password, j->n);
    explicit_bzero(j->phc, sizeof(j->phc));
    free(j);
}

/* PHC strings. */

static bool take(struct wc_str *s, const char *literal)
{
    struct wc_str prefix = wc_str(literal);
    if (!wc_str_starts(*s, prefix))
        return false;
    *s = wc_str_from(*s, prefix.n);
    return true;
}

static bool take_number(struct wc_str *s, uint64_t max)
{
    size_t n = 0;
    uint64_t v;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!wc_str_u64((struct wc_str){s->p, n}, max, &v) || v == 0)
        return false;
    *s = wc_str_from(*s, n);
    return true;
}

static bool base64_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static bool take_base64(struct wc_str *s, size_t min)
{
    size_t n = 0;
    while (n < s->n && base64_char(s->p[n]))
        n++;
    *s = wc_str_from(*s, n);
    return n >= min;
}

/* Argon2id, version 19, of a size that can be afforded, a salt of 8 bytes and a hash of 16 at least. */
static bool phc_ok(struct wc_str s)
{
    return s.n < PHC_MAX && take(&s, "$argon2id$v=19$m=") && take_number(&s, MEMORY_KIB_MAX) && take(&s, ",t=") &&
           take_number(&s, PASSES_MAX) && take(&s, ",p=") && take_number(&s, LANES) && take(&s, "$") &&
           take_base64(&s, 11) && take(&s, "$") && take_base64(&s, 22) && s.n == 0;
}

/* In the threads. */

static wc_err hash(struct job *j)
{
    int rc = argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, j->password, j->n, j->salt, sizeof(j->salt), HASH_BYTES,
                                   j->phc, sizeof(j->phc));
    return rc == ARGON2_OK ? WC_OK : WC_UNAVAILABLE;
}

/* The same work as for a real hash, for nothing. */
static wc_err pretend(struct job *j)
{
    wc_err err = hash(j);
    explicit_bzero(j->phc, sizeof(j->phc));
    return err;
}

static wc_err verify(struct job *j)
{
    if (j->phc[0] == '\0')
        return pretend(j);
    int rc = argon2id_verify(j->phc, j->password, j->n);
    j->right = rc == ARGON2_OK;
    if (rc == ARGON2_OK || rc == ARGON2_VERIFY_MISMATCH)
        return WC_OK;
    return rc == ARGON2_MEMORY_ALLOCATION_ERROR ? WC_UNAVAILABLE : pretend(j);
}

static struct job *next_job(struct wc_passwords *p, struct job *done)
{
    pthread_mutex_lock(&p->lock);
    if (done != NULL)
        list_push(&p->done, done);
    if (done != NULL)
        ev_async_send(p->loop, &p->finished);
    while (p->waiting.first == NULL && !p->stopping)
        pthread_cond_wait(&p->wake, &p->lock);
    struct job *j = p->stopping ? NULL : list_pop(&p->waiting);
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void *work(void *arg)
{
    struct wc_passwords *p = arg;
    for (struct job *j = next_job(p, NULL); j != NULL; j = next_job(p, j)) {
        j->err = j->kind == HASH ? hash(j) : verify(j);
        explicit_bzero(j->password, j->n);
    }
    return NULL;
}

/* On the loop. */

static struct job *take_done(struct wc_passwords *p)
{
    pthread_mutex_lock(&p->lock);
    struct job *j = list_pop(&p->done);
    pthread_mutex_unlock(&p->lock);
    return j;
}

static void on_finished(struct ev_loop *loop, struct ev_async *w, int revents)
{
    (void)loop, (void)revents;
    struct wc_passwords *p = WC_CONTAINER(w, struct wc_passwords, finished);
    for (struct job *j = take_done(p); j != NULL; j = take_done(p)) {
        p->pending--; /* first: the callback may ask for the next one */
        if (j->kind == HASH)
            j->cb.hash(j->arg, j->err, j->err == WC_OK ? j->phc : NULL);
        else
            j->cb.verify(j->arg, j->err, j->right);
        free_job(j);
    }
}

/* Signals are the loop's: the threads inherit a mask that blocks them. */
static void start_threads(struct wc_passwords *p, unsigned wanted)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (p->nthreads < wanted && pthread_create(&p->threads[p->nthreads], NULL, work, p) == 0)
        p->nthreads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct wc_passwords *wc_passwords_new(struct ev_loop *loop, unsigned threads, unsigned queue)
{
    unsigned wanted = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    struct wc_passwords *p = WC_NEW(struct wc_passwords);
    p->loop = loop;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    list_init(&p->waiting);
    list_init(&p->done);
    ev_async_init(&p->finished, on_finished);
    ev_async_start(loop, &p->finished);
    start_threads(p, wanted);
    if (p->nthreads == 0) {
        wc_passwords_free(p);
        return NULL;
    }
    p->limit = queue > UINT32_MAX - p->nthreads ? UINT32_MAX : queue + p->nthreads;
    return p;
}

static void free_all(struct list *l)
{
    for (struct job *j = list_pop(l); j != NULL; j = list_pop(l))
        free_job(j);
}

void wc_passwords_free(struct wc_passwords *p)
{
    if (p == NULL)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->nthreads; i++)
        pthread_join(p->threads[i], NULL);
    ev_async_stop(p->loop, &p->finished);
    free_all(&p->waiting);
    free_all(&p->done);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static struct job *new_job(enum kind kind, struct wc_str password, void *arg)
{
    struct job *j = wc_alloc(sizeof(*j) + password.n);
    j->kind = kind;
    j->arg = arg;
    j->n = password.n;
    if (password.n > 0)
        memcpy(j->password, password.p, password.n);
    wc_random(j->salt, sizeof(j->salt));
    return j;
}

static void submit(struct wc_passwords *p, struct job *j)
{
    p->pending++;
    pthread_mutex_lock(&p->lock);
    list_push(&p->waiting, j);
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
}

static wc_err admit(const struct wc_passwords *p, struct wc_str password)
{
    if (password.n > WC_PASSWORD_MAX)
        return WC_TOO_LARGE;
    return p->pending < p->limit ? WC_OK : WC_UNAVAILABLE;
}

wc_err wc_password_hash(struct wc_passwords *p, struct wc_str password, wc_password_hash_cb cb, void *arg)
{
    wc_err err = admit(p, password);
    if (err != WC_OK)
        return err;
    struct job *j = new_job(HASH, password, arg);
    j->cb.hash = cb;
    submit(p, j);
    return WC_OK;
}

wc_err wc_password_verify(struct wc_passwords *p, struct wc_str password, struct wc_str phc, wc_password_verify_cb cb,
                          void *arg)
{
    wc_err err = admit(p, password);
    if (err != WC_OK)
        return err;
    struct job *j = new_job(VERIFY, password, arg);
    j->cb.verify = cb;
    if (phc_ok(phc))
        memcpy(j->phc, phc.p, phc.n);
    submit(p, j);
    return WC_OK;
}

unsigned wc_passwords_pending(const struct wc_passwords *p)
{
    return p->pending;
}
