package io.zygotes.spi.testkit;

import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;

/**
 * Calls of lambdas in the order in which they came, to try strategies on with a {@link Replay}. Written by hand, made
 * at random, or read from what a worker recorded ({@link TraceFiles}).
 *
 * @param packages the packages that the lambdas need
 * @param calls the calls, sorted by time
 */
public record CallTrace(FakePackages packages, List<Call> calls) {

    /** Mean time between two calls that are made at random, in milliseconds. */
    private static final double BETWEEN_MILLIS = 50;
    /** How long a call that is made at random runs, in milliseconds. */
    private static final double RUN_MILLIS = 20;

    /**
     * A call.
     *
     * @param atMillis when it came, in milliseconds from any beginning
     * @param lambda the name of the lambda
     * @param pins all packages of the lambda, indirect ones too
     * @param runMillis how long the lambda itself runs, in milliseconds; at least 0
     */
    public record Call(double atMillis, String lambda, Set<PackageId> pins, double runMillis) {

        /** Copies the set. */
        public Call {
            Objects.requireNonNull(lambda);
            pins = Set.copyOf(pins);
        }
    }

    /** Sorts the calls. */
    public CallTrace {
        Objects.requireNonNull(packages);
        calls = calls.stream()
                .sorted(Comparator.comparingDouble(Call::atMillis))
                .toList();
    }

    /**
     * Calls of lambdas with packages at random. A few lambdas have most of the calls: the n-th is called as often as 1
     * in n.
     *
     * @param random where the choices come from: the same seed makes the same trace
     * @param packages what the lambdas choose from
     * @param lambdas how many lambdas; at least 1
     * @param calls how many calls
     */
    public static CallTrace random(Random random, FakePackages packages, int lambdas, int calls) {
        List<Set<PackageId>> pins = new ArrayList<>();
        double[] weights = new double[lambdas];
        double sum = 0;
        for (int i = 0; i < lambdas; i++) {
            pins.add(packages.randomPins(random, 4));
            sum += 1.0 / (i + 1);
            weights[i] = sum;
        }
        List<Call> all = new ArrayList<>();
        double now = 0;
        for (int i = 0; i < calls; i++) {
            now -= BETWEEN_MILLIS * Math.log(1 - random.nextDouble());
            double drawn = random.nextDouble() * sum;
            int lambda = 0;
            while (weights[lambda] < drawn) {
                lambda++;
            }
            all.add(new Call(now, "lambda" + lambda, pins.get(lambda), RUN_MILLIS));
        }
        return new CallTrace(packages, all);
    }
}
