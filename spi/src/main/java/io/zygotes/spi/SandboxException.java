package io.zygotes.spi;

import java.util.Map;
import java.util.Objects;

/** A sandbox could not be made, or failed at its work. The message says which, why, and what to do next. */
@Stability(Stability.Level.STABLE)
public sealed class SandboxException extends Exception {

    private static final long serialVersionUID = 1L;
    private final FailureKind kind;

    /** @param message what failed, on what, why, what to do next */
    public SandboxException(String message) {
        this(FailureKind.OTHER, message);
    }

    /**
     * @param message what failed, on what, why, what to do next
     * @param cause the error below
     */
    public SandboxException(String message, Throwable cause) {
        this(FailureKind.OTHER, message, cause);
    }

    /**
     * @param kind why, for programs
     * @param message what failed, on what, why, what to do next
     * @since 1.2
     */
    public SandboxException(FailureKind kind, String message) {
        super(message);
        this.kind = Objects.requireNonNull(kind);
    }

    /**
     * @param kind why, for programs
     * @param message what failed, on what, why, what to do next
     * @param cause the error below
     * @since 1.2
     */
    public SandboxException(FailureKind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind);
    }

    /**
     * Why, for programs.
     *
     * @return never null; {@link FailureKind#OTHER} if it is not known
     * @since 1.2
     */
    public final FailureKind kind() {
        return kind;
    }

    /**
     * The memory pool is full and nothing in it can be evicted, or the machine has no processes left. Try again later.
     */
    public static final class NoCapacity extends SandboxException {
        private static final long serialVersionUID = 1L;

        /** @param message what was asked for and what there is; it is memory that is short */
        public NoCapacity(String message) {
            super(FailureKind.NO_MEMORY, message);
        }

        /**
         * @param kind what is short
         * @param message what was asked for and what there is
         * @since 1.2
         */
        public NoCapacity(FailureKind kind, String message) {
            super(kind, message);
        }

        /**
         * @param kind what is short
         * @param message what was asked for and what there is
         * @param cause the error below
         * @since 1.2
         */
        public NoCapacity(FailureKind kind, String message, Throwable cause) {
            super(kind, message, cause);
        }
    }

    /**
     * The request for which it was to be made got a leaf of its lambda that became free.
     *
     * @since 1.1
     * @deprecated since 1.2 the worker does not throw it: the leaf that became free is the one that
     *     {@link Sandboxes#createLeaf} returns
     */
    @Deprecated(since = "1.2")
    public static final class NoLongerNeeded extends SandboxException {
        private static final long serialVersionUID = 1L;

        /** @param message what is not needed */
        public NoLongerNeeded(String message) {
            super(message);
        }
    }

    /**
     * The zygote to fork from is gone or does not answer. Make a new one; but not again and again if it was evicted,
     * which {@link FailureKind#NO_MEMORY} says: there is no memory for it at present.
     */
    public static final class ZygoteGone extends SandboxException {
        private static final long serialVersionUID = 1L;

        /** @param message which zygote, and how it ended as far as known */
        public ZygoteGone(String message) {
            super(FailureKind.GONE, message);
        }

        /**
         * @param kind {@link FailureKind#NO_MEMORY} if it was evicted
         * @param message which zygote, and how it ended as far as known
         * @since 1.2
         */
        public ZygoteGone(FailureKind kind, String message) {
            super(kind, message);
        }

        /**
         * @param message which zygote, and how it ended as far as known
         * @param cause the error below
         */
        public ZygoteGone(String message, Throwable cause) {
            super(FailureKind.GONE, message, cause);
        }
    }

    /** Python code could not be imported, by a zygote (a package) or by a leaf ({@code f.py}). */
    public static final class ImportFailed extends SandboxException {
        private static final long serialVersionUID = 1L;
        private final String traceback;
        private final transient Map<PackageId, String> unfit;

        /**
         * @param message what was imported where
         * @param traceback Python's traceback
         */
        public ImportFailed(String message, String traceback) {
            this(message, traceback, Map.of());
        }

        /**
         * Packages were imported, and cannot be in a zygote.
         *
         * @param message what was imported where
         * @param traceback Python's traceback
         * @param unfit as {@link #unfit}
         * @since 1.2
         */
        public ImportFailed(String message, String traceback, Map<PackageId, String> unfit) {
            super(FailureKind.PYTHON, message);
            this.traceback = traceback;
            this.unfit = Map.copyOf(unfit);
        }

        /**
         * Packages that were imported and leave something that no fork carries over, each with what that is. Lambdas
         * import them themselves. Empty if the import failed for another reason.
         *
         * @since 1.2
         */
        public Map<PackageId, String> unfit() {
            return unfit == null ? Map.of() : unfit;
        }

        /** Python's traceback. */
        public String traceback() {
            return traceback;
        }
    }

    /**
     * The zygote of a function was made and cannot be forked, because the function's code left something that a fork
     * does not carry over: threads, child processes, connections, locks. It was destroyed; that version is served
     * without one.
     *
     * @since 1.2
     */
    public static final class CannotFork extends SandboxException {
        private static final long serialVersionUID = 1L;
        private final String reason;

        /**
         * @param message which zygote, and what it means
         * @param reason what is left, by name, on one line
         */
        public CannotFork(String message, String reason) {
            super(FailureKind.PYTHON, message);
            this.reason = Objects.requireNonNull(reason);
        }

        /** What is left, by name, on one line: {@code it starts threads (Thread-1)}. */
        public String reason() {
            return reason;
        }
    }

    /**
     * A zygote is of no use because of further modules of its {@link ZygoteSpec}: it hung or ended in the import of
     * one, or one left something that no fork carries over. It was destroyed. Without these modules it can be made.
     *
     * @since 1.2
     */
    public static final class ModulesFailed extends SandboxException {
        private static final long serialVersionUID = 1L;
        private final transient Map<String, String> modules;

        /**
         * @param message which zygote, and what happened
         * @param modules as {@link #modules}
         */
        public ModulesFailed(String message, Map<String, String> modules) {
            super(FailureKind.PYTHON, message);
            this.modules = Map.copyOf(modules);
        }

        /** The modules, each with the reason, for people. */
        public Map<String, String> modules() {
            return modules == null ? Map.of() : modules;
        }
    }

    /**
     * The lambda answered in parts, and failed before it had ended its answer. The leaf serves on.
     *
     * @since 1.3
     */
    public static final class BrokenOff extends SandboxException {
        private static final long serialVersionUID = 1L;
        private final String traceback;

        /**
         * @param message what happened
         * @param traceback Python's traceback
         */
        public BrokenOff(String message, String traceback) {
            super(FailureKind.PYTHON, message);
            this.traceback = Objects.requireNonNull(traceback);
        }

        /** Python's traceback. */
        public String traceback() {
            return traceback;
        }
    }

    /** It took longer than it may; the sandbox was destroyed. */
    public static final class TimedOut extends SandboxException {
        private static final long serialVersionUID = 1L;

        /** @param message what took longer than what */
        public TimedOut(String message) {
            super(FailureKind.TIMED_OUT, message);
        }
    }

    /** A process of the sandbox was ended for want of memory. */
    public static final class OutOfMemory extends SandboxException {
        private static final long serialVersionUID = 1L;

        /** @param message which sandbox, and its limit */
        public OutOfMemory(String message) {
            super(FailureKind.NO_MEMORY, message);
        }
    }

    /** The sandbox ended by itself or was killed from outside. */
    public static final class Died extends SandboxException {
        private static final long serialVersionUID = 1L;
        private final boolean callStarted;

        /**
         * @param message which sandbox, and how it ended as far as known
         * @param callStarted whether the lambda may have seen the request
         */
        public Died(String message, boolean callStarted) {
            super(FailureKind.GONE, message);
            this.callStarted = callStarted;
        }

        /** Whether the lambda may have seen the request. If not, the call can safely be made again. */
        public boolean callStarted() {
            return callStarted;
        }
    }
}
