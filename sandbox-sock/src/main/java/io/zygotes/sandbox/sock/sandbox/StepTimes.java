package io.zygotes.sandbox.sock.sandbox;

import io.zygotes.spi.CreationSteps;
import java.util.ArrayList;
import java.util.List;

/** How long the steps of making a sandbox took. Safe for use by many threads. */
public final class StepTimes {

    private final List<Measured> steps = new ArrayList<>();
    private long last = System.nanoTime();

    /**
     * @param part what was measured within the step; null if nothing
     * @param partNanos how long that took
     */
    private record Measured(CreationStep step, long nanos, CreationStep part, long partNanos) {

        CreationSteps.Step written() {
            List<CreationSteps.Step> parts =
                    part == null ? List.of() : List.of(new CreationSteps.Step(part.label(), partNanos));
            return new CreationSteps.Step(step.label(), nanos, parts);
        }
    }

    /** Begins with the first step. */
    public StepTimes() {}

    /** Ends a step that began when the one before ended. */
    public void step(CreationStep step) {
        step(step, 0, null, 0);
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
        steps.add(new Measured(step, nanos, part, Math.clamp(partNanos, 0, nanos)));
        last = ended;
    }

    /** The next step begins now: what went before was waiting. */
    public synchronized void resume() {
        last = System.nanoTime();
    }

    synchronized CreationSteps written() {
        return new CreationSteps(steps.stream().map(Measured::written).toList());
    }
}
