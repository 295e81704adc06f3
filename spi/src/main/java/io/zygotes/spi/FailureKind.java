package io.zygotes.spi;

/**
 * Why something could not be done, as far as whoever saw it knows. Set where the error arises, so that nobody has to
 * search in messages: the core answers a request by it, and an import cache may decide by it what to try next.
 *
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public enum FailureKind {

    /** The worker, or the machine, has as many open files as it may: EMFILE and ENFILE of open(2). */
    TOO_MANY_FILES,

    /** A disk, or a quota on it, is full: ENOSPC and EDQUOT of write(2). */
    NO_SPACE,

    /** There may be no further process or thread: EAGAIN of fork(2), {@code pids.max}, {@code ulimit -u}. */
    NO_PROCESSES,

    /** There is no memory: in the pool, in a cgroup, in Java's heap, or in the machine. */
    NO_MEMORY,

    /** It is not allowed, or this kernel cannot do it: EPERM, EACCES, ENOSYS. */
    REFUSED,

    /** It took longer than it may. */
    TIMED_OUT,

    /** A process that it needs has ended or does not answer. */
    GONE,

    /** Python code failed: an import raised. */
    PYTHON,

    /** None of the others, or not known. */
    OTHER;

    /** Whether it is worth trying again in a moment, because what is short may be free then. */
    public boolean passing() {
        return switch (this) {
            case TOO_MANY_FILES, NO_PROCESSES, NO_MEMORY, GONE -> true;
            case NO_SPACE, REFUSED, TIMED_OUT, PYTHON, OTHER -> false;
        };
    }
}
