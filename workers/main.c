#include "worker.h"

int main(int argc, char **argv)
{
    extern char **environ;
    return wc_worker_main(argc, argv, environ);
}
