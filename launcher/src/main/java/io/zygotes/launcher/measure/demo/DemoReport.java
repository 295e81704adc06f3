package io.zygotes.launcher.measure.demo;

import io.zygotes.spi.CacheShape;
import java.util.List;
import java.util.Optional;

/**
 * What the demo found.
 *
 * @param rows one for each strategy and lambda
 * @param tree what the strategy {@code tree} looked like at the end; empty if the image does not have it
 */
record DemoReport(List<DemoRow> rows, Optional<CacheShape> tree) {

    /** Copies the list. */
    DemoReport {
        rows = List.copyOf(rows);
    }
}
