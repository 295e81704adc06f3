package io.zygotes.core.function;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How many calls of a lambda may run at once, where somebody has said so. Published versions of a function, lambdas such
 * as {@code hello.v3}, count with it. Costs nothing where nobody has. Safe for use by many threads.
 */
public final class ReservedConcurrency {

    private static final Pattern VERSION = Pattern.compile("(?<function>.+)\\.v[1-9][0-9]{0,8}");

    private final Map<String, Bound> bounds = new ConcurrentHashMap<>();

    private static final class Bound {
        private volatile int most;
        private final AtomicInteger running = new AtomicInteger();
    }

    /** A call that runs; ends when it is closed. */
    interface Permit extends AutoCloseable {
        @Override
        void close();
    }

    /** More calls than the lambda may have at once. */
    public static final class ReachedException extends OverloadException {
        private static final long serialVersionUID = 1L;

        ReachedException(String message) {
            super(message);
        }
    }

    /**
     * Says how many calls a lambda may have at once, from the next one on.
     *
     * @param most not negative; 0 for none at all; empty for as many as there is room for
     */
    public void set(String lambda, Optional<Integer> most) {
        if (most.isEmpty()) {
            bounds.remove(lambda);
        } else {
            bounds.computeIfAbsent(lambda, name -> new Bound()).most = most.get();
        }
    }

    /**
     * Begins a call.
     *
     * @throws ReachedException if as many run as may
     */
    Permit enter(String lambda) throws ReachedException {
        Bound bound = bounds.isEmpty() ? null : bound(lambda);
        if (bound == null) {
            return () -> {};
        }
        if (bound.running.incrementAndGet() > bound.most) {
            bound.running.decrementAndGet();
            throw new ReachedException("lambda " + lambda + " may have " + bound.most
                    + " calls at once (its reserved concurrency), and has; try again later");
        }
        return bound.running::decrementAndGet;
    }

    private Bound bound(String lambda) {
        Bound own = bounds.get(lambda);
        if (own != null) {
            return own;
        }
        Matcher version = VERSION.matcher(lambda);
        return version.matches() ? bounds.get(version.group("function")) : null;
    }
}
