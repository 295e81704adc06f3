package io.zygotes.launcher.measure.bench;

/**
 * How long one function's calls take, medians in milliseconds; null for what was not measured.
 *
 * @param function its name
 * @param noneMs a call for which a fresh interpreter imports everything
 * @param installedMs the first call of a lambda that was just installed, whose packages and zygote are there
 * @param hitMs a call that is forked from a zygote with exactly its packages, of a worker that was started a moment ago
 * @param functionMs a call that is forked from a zygote of the function itself, which has called it once; null if the
 *     worker made none
 * @param warmMs a call of a leaf that has answered before
 * @param floorMs a bare process that has imported {@code f.py} and called it once forks, and its child calls it again
 * @param hitOfFloor a hit as a multiple of the floor
 * @param functionOfFloor a call from a function zygote as a multiple of the floor
 * @param leftOut why it could not be measured; null if it could
 */
record StartRow(
        String function,
        Double noneMs,
        Double installedMs,
        Double hitMs,
        Double functionMs,
        Double warmMs,
        Double floorMs,
        Double hitOfFloor,
        Double functionOfFloor,
        String leftOut) {}
