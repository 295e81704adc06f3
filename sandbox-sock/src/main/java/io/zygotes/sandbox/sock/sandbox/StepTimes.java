package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.spi.CreationSteps;
import java.util.ArrayList;
import java.util.List;

/** How long the steps of making a sandbox took. Safe for use by many threads. */
public final class StepTimes {

    private final List<CreationSteps.Step> steps = new ArrayList<>();
    private long last = System.nanoTime();
    private CreationSteps written = CreationSteps.NONE;

    /** Begins with the first step. */
    public StepTimes() {}

    /** Ends a step that began when the one before ended. */
    public synchronized void step(CreationStep step) {
        long now = System.nanoTime();
        end(now, new CreationSteps.Step(step.label(), now - last));
    }

    /**
     * Ends a step with a part that was measured elsewhere.
     *
     * @param ago nanoseconds since it ended, as somebody else says; not taken for more than can be
     * @param partNanos how long the part took, as somebody else says; not taken for more than can be
     */
    synchronized void step(CreationStep step, long ago, CreationStep part, long partNanos) {
        long now = System.nanoTime();
        long ended = now - Math.clamp(ago, 0, now - last);
        long nanos = ended - last;
        CreationSteps.Step within = new CreationSteps.Step(part.label(), Math.clamp(partNanos, 0, nanos));
        end(ended, new CreationSteps.Step(step.label(), nanos, List.of(within)));
    }

    private void end(long now, CreationSteps.Step step) {
        steps.add(step);
        last = now;
    }

    /** The next step begins now: what went before was waiting. */
    public synchronized void resume() {
        last = System.nanoTime();
    }

    synchronized CreationSteps written() {
        if (written.steps().size() != steps.size()) {
            written = new CreationSteps(steps);
        }
        return written;
    }
}
