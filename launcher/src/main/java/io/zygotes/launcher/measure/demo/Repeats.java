package io.zygotes.launcher.measure.demo;

/**
 * How often the demo measures each lambda under each strategy.
 *
 * @param warmUps starts before the measured ones, the same for every strategy: the worker's Java code is interpreted at
 *     first, which is not what is asked for
 * @param first calls without leaf and zygote
 * @param hits calls without leaf
 * @param warm calls with a leaf
 */
record Repeats(int warmUps, int first, int hits, int warm) {

    /** For figures that can be compared. */
    static final Repeats USUAL = new Repeats(40, 3, 9, 21);
    /** For a look at whether all works. */
    static final Repeats QUICK = new Repeats(2, 1, 1, 3);
}
