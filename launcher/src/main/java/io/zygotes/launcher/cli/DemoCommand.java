package io.zygotes.launcher.cli;

import io.zygotes.launcher.demo.Demo;
import io.zygotes.launcher.demo.DemoReport;
import io.zygotes.launcher.demo.DemoRow;
import io.zygotes.launcher.plugins.ImportCaches;
import io.zygotes.launcher.tree.OptionalTree;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes demo}. */
@Command(
        name = "demo",
        description = "Installs real packages, runs the same lambdas under each strategy, and shows what zygotes save."
                + " Needs root. Leaves nothing behind.")
final class DemoCommand implements Callable<Integer> {

    /** Held, because a logger that nobody holds may be forgotten with its level. */
    private static final Logger LOGS = Logger.getLogger("io.zygotes");

    @Spec
    private CommandSpec spec;

    @Option(names = "--json", description = "Print the table as one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        // A worker's own lines would tear the progress apart; warnings and errors still come.
        LOGS.setLevel(Level.WARNING);
        ImportCaches caches = ImportCaches.find(Image.current().folder(), List.of(), "--plugin-path");
        Demo demo = Demo.in(err, caches);
        AtomicBoolean stopping = new AtomicBoolean();
        Thread cleanup = new Thread(() -> {
            stopping.set(true);
            close(demo, err);
        });
        Runtime.getRuntime().addShutdownHook(cleanup);
        try (demo) {
            DemoReport report = demo.run(OptionalTree.defaultTree());
            if (json) {
                out.println(Output.json(Map.of("rows", report.rows())));
            } else {
                print(report, out);
            }
            return 0;
        } catch (Exception e) {
            if (stopping.get()) {
                // Ctrl-C took the worker away; what fails then is no news. The process is ending.
                return 1;
            }
            throw e;
        }
    }

    private static void close(Demo demo, PrintWriter err) {
        try {
            demo.close();
        } catch (IOException e) {
            err.println("zygotes: the demo could not remove all it made: " + e.getMessage());
        }
    }

    private static void print(DemoReport report, PrintWriter out) {
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
        out.println("before them 40 starts (2 s at the most) are not counted.");
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
