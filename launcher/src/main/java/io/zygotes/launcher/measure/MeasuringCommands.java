package io.zygotes.launcher.measure;

import io.zygotes.launcher.measure.bench.BenchCommand;
import io.zygotes.launcher.measure.check.CheckPackagesCommand;
import io.zygotes.launcher.measure.demo.DemoCommand;
import io.zygotes.launcher.measure.tree.TreeCommand;
import java.util.List;

/** The commands that measure, compare and draw. */
public final class MeasuringCommands {

    /** Their classes, in the order in which the help lists them. */
    public static final List<Class<?>> ALL =
            List.of(DemoCommand.class, TreeCommand.class, BenchCommand.class, CheckPackagesCommand.class);

    private MeasuringCommands() {}
}
