package io.zygotes.launcher.measure.demo;

import io.zygotes.launcher.console.Output;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.measure.session.Measuring;
import io.zygotes.launcher.measure.tree.OptionalTree;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.tree.TreePlugin;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes demo}. */
@Command(
        name = "demo",
        description = "Installs real packages, runs the same lambdas under each strategy, and shows what zygotes save."
                + " Needs root. Leaves nothing behind.")
public final class DemoCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print the table as one JSON object.")
    private boolean json;

    @Option(names = "--quick", description = "Measure each but once: the figures say less, and take less time.")
    private boolean quick;

    @Option(
            names = "--packages",
            paramLabel = "DIR",
            description = "Keep installed packages in this folder, and take those that are there.")
    private Path packages;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        ImportCaches caches = ImportCaches.find(Image.current().folder(), List.of(), "--plugin-path");
        Repeats repeats = quick ? Repeats.QUICK : Repeats.USUAL;
        Optional<DemoReport> report = Measuring.run(
                err,
                Demo.in(err, caches, Optional.ofNullable(packages), repeats),
                demo -> demo.run(TreePlugin.defaultTree()));
        if (report.isEmpty()) {
            return 1;
        }
        if (json) {
            out.println(Output.json(Map.of("rows", report.get().rows())));
        } else {
            print(report.get(), repeats, out);
        }
        return 0;
    }

    private static void print(DemoReport report, Repeats repeats, PrintWriter out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "strategy", "lambda", "first ms", "zygote hit ms", "warm ms", "private MB", "none's first / hit"));
        for (DemoRow row : report.rows()) {
            rows.add(List.of(
                    Demo.name(row.strategy()),
                    row.lambda(),
                    number(row.firstMs()),
                    row.zygoteHitMs() == null ? "-" : number(row.zygoteHitMs()),
                    number(row.warmMs()),
                    number(row.privateMb()),
                    speedUp(report, row)));
        }
        out.println();
        out.print(Output.table(new boolean[] {false, false, true, true, true, true, true}, rows));
        out.println();
        out.println("first: neither leaf nor zygote; zygote hit: the zygote lives, there is no leaf; warm: there is a"
                + " leaf;");
        out.println("private MB: memory of the leaf that it shares with nobody. Medians, seen by an HTTP client;");
        out.println("before them " + repeats.warmUps() + " starts (2 s at the most) are not counted.");
        report.tree().ifPresent(shape -> {
            out.println();
            out.println("The tree at the end (● a live zygote):");
            out.println();
            out.print(OptionalTree.draw(shape));
        });
        out.println();
        String zygotes = Image.command();
        out.println("Next, a worker in ./default-ol and a lambda of your own:");
        out.println("  " + zygotes + " up -d");
        out.println("  mkdir hello; printf 'def f(event):\\n    return event\\n' > hello/f.py");
        out.println("  " + zygotes + " install hello");
        out.println("  " + zygotes + " invoke hello '{\"a\": 1}'");
        out.println("  " + zygotes + " tree show default-ol/default-zygotes-40.json");
        out.println("  " + zygotes + " down");
        out.flush();
    }

    private static String speedUp(DemoReport report, DemoRow row) {
        Optional<DemoRow> none = report.rows().stream()
                .filter(other -> other.strategy().isEmpty() && other.lambda().equals(row.lambda()))
                .findFirst();
        return none.isEmpty() || row.zygoteHitMs() == null
                ? ""
                : String.format(Locale.ROOT, "%.1f x", none.get().firstMs() / row.zygoteHitMs());
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
