package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.sandbox.sock.linux.Descriptor;
import io.zygotes.sandbox.sock.linux.Processes;
import io.zygotes.sandbox.sock.linux.Signal;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The first process of a sandbox, from its hello on. Safe for use by many threads. */
final class FirstProcess {

    private volatile int pid;
    /** Means the process for ever; empty before it said hello, and when all is over. */
    private Optional<Descriptor> handle = Optional.empty();

    private final CompletableFuture<Integer> ended = new CompletableFuture<>();

    /** Completes with the exit status when it has ended. */
    CompletableFuture<Integer> ended() {
        return ended;
    }

    /**
     * How it ended.
     *
     * @param millis the longest to wait for its end
     * @return empty if it has not ended by then
     */
    OptionalInt status(int millis) throws InterruptedException {
        try {
            return OptionalInt.of(ended.get(millis, TimeUnit.MILLISECONDS));
        } catch (TimeoutException | ExecutionException e) {
            return OptionalInt.empty();
        }
    }

    /** The process as the worker sees it; 0 before it said hello. */
    int pid() {
        return pid;
    }

    void born(int number) throws IOException {
        synchronized (this) {
            handle = Optional.of(Processes.open(number));
        }
        pid = number;
    }

    /**
     * Sends it a signal.
     *
     * @return false if there is no process that is known; one that has ended is
     */
    synchronized boolean signal(Signal signal) throws IOException {
        if (handle.isEmpty()) {
            return false;
        }
        Processes.signal(handle.get(), signal);
        return true;
    }

    synchronized void forget() {
        handle.ifPresent(Descriptor::close);
        handle = Optional.empty();
    }
}
