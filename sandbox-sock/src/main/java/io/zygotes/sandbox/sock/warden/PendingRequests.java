package io.zygotes.sandbox.sock.warden;

import io.zygotes.sandbox.sock.protocol.WardenMessage;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/** What the warden was asked for and has not answered. Safe for use by many threads. */
final class PendingRequests {

    private final AtomicLong numbers = new AtomicLong();
    private final Map<Long, CompletableFuture<Void>> pending = new ConcurrentHashMap<>();

    /** Sends a request with this number. */
    @FunctionalInterface
    interface Sending {
        void send(long id) throws IOException, TimeoutException, InterruptedException;
    }

    /** Sends a request. Returns what completes with its answer. */
    CompletableFuture<Void> ask(Sending request) throws IOException, TimeoutException, InterruptedException {
        long id = numbers.incrementAndGet();
        CompletableFuture<Void> answer = new CompletableFuture<>();
        pending.put(id, answer);
        try {
            request.send(id);
        } catch (IOException | TimeoutException e) {
            pending.remove(id);
            throw e;
        }
        return answer;
    }

    void done(WardenMessage.Done message) {
        take(message.id()).complete(null);
    }

    void refused(WardenMessage.Refused message) {
        take(message.id()).completeExceptionally(new RefusedException(message.error(), message.errno()));
    }

    /** What waits for the answer with this number; something that nobody waits for if there is no such thing. */
    private CompletableFuture<Void> take(long id) {
        CompletableFuture<Void> answer = pending.remove(id);
        return answer == null ? new CompletableFuture<>() : answer;
    }

    /** No answer will come any more. */
    void failAll(IOException end) {
        pending.values().forEach(answer -> answer.completeExceptionally(end));
    }
}
