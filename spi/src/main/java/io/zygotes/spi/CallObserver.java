package io.zygotes.spi;

/**
 * Hears of calls. An {@link ImportCache} that is one, too, is told of every call that a lambda answered while it is the
 * worker's: from that it may foresee which lambdas are going to be called, and make or
 * {@linkplain Sandboxes#weigh weigh} zygotes in time.
 *
 * @since 1.2
 */
@Stability(Stability.Level.STABLE)
public interface CallObserver {

    /**
     * Tells of one call. The worker does so on a thread of its own, one call after another in the order of their ends,
     * some time after the client got its answer: it may take its time, but then the next calls wait, and what comes
     * when 10,000 wait is left out (counted as {@code call_events_lost} in {@code /stats}). What it throws is logged
     * once.
     *
     * @param event the call
     */
    void onCall(CallEvent event);
}
