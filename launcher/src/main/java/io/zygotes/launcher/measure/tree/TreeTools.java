package io.zygotes.launcher.measure.tree;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.files.Folders;
import io.zygotes.core.packages.UnfitPackages;
import io.zygotes.launcher.console.Failure;
import io.zygotes.plugin.tree.fit.Evaluation;
import io.zygotes.plugin.tree.fit.FitException;
import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.fit.TraceCosts;
import io.zygotes.plugin.tree.fit.TraceReader;
import io.zygotes.plugin.tree.fit.TreeDiff;
import io.zygotes.plugin.tree.fit.TreeEvaluator;
import io.zygotes.plugin.tree.fit.TreeFitter;
import io.zygotes.plugin.tree.fit.TreeReport;
import io.zygotes.plugin.tree.model.Requirement;
import io.zygotes.plugin.tree.model.TreeReader;
import io.zygotes.plugin.tree.model.TreeText;
import io.zygotes.plugin.tree.model.TreeWriter;
import io.zygotes.plugin.tree.model.ZygoteTree;
import io.zygotes.spi.CacheShape;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.PackageId;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** What commands do with trees and traces; answers are text for people unless said otherwise. */
public final class TreeTools {

    TreeTools() {}

    String draw(CacheShape shape) {
        return TreeText.of(shape);
    }

    /**
     * Draws a tree.
     *
     * @param file the tree
     * @param trace adds to each node what it costs and how many calls of this trace it serves
     * @param svg gets a picture; written beside and renamed
     * @param worker a worker directory whose packages are known: those that are unfit for zygotes are marked
     * @param err gets lines about what had to be left out of the trace
     * @throws ConfigException if the file is no tree
     * @throws Failure if the trace is of no use or the picture has no place
     */
    public String show(Path file, Optional<Path> trace, Optional<Path> svg, Optional<Path> worker, PrintWriter err)
            throws ConfigException, Failure, IOException {
        if (svg.isPresent()) {
            requirePlace(svg.get(), List.of(file));
        }
        ZygoteTree tree = TreeReader.file(file);
        Map<PackageId, String> unfit = new TreeMap<>(unfit(worker));
        Optional<Trace> calls = Optional.empty();
        if (trace.isPresent()) {
            TraceReader.Result read = result(List.of(trace.get()), 0, err);
            calls = Optional.of(read.trace());
            read.unfit().forEach(unfit::putIfAbsent);
        }
        if (svg.isPresent()) {
            Folders.write(
                    svg.get().toAbsolutePath(), TreeReport.svg(tree, calls).getBytes(StandardCharsets.UTF_8));
        }
        return TreeReport.text(tree, calls, unfit) + nodes(tree.size()) + "\n";
    }

    /** What a worker found out about its packages. */
    private static Map<PackageId, String> unfit(Optional<Path> worker) throws ConfigException, IOException {
        return worker.isEmpty()
                ? Map.of()
                : UnfitPackages.in(WorkerDirectory.open(worker.get()).config().packagesFolder());
    }

    /**
     * All packages that a tree names, each once.
     *
     * @param setting the value of {@code import_cache_tree}; that of a new worker directory if it is {@code auto} or
     *     empty
     * @param directory the folder that a relative path is relative to
     * @return names, or pins where the tree has them, sorted
     * @throws ConfigException if it is no tree
     */
    public List<String> packages(Optional<Object> setting, Path directory) throws ConfigException {
        ZygoteTree tree = setting.isEmpty() || setting.get().equals(TreeReader.AUTO)
                ? TreeReader.bundled()
                : TreeReader.setting(setting, directory);
        return tree.places().stream()
                .flatMap(place -> place.path().stream())
                .map(Requirement::toString)
                .distinct()
                .sorted()
                .toList();
    }

    private static String nodes(int count) {
        return count + (count == 1 ? " node" : " nodes");
    }

    /**
     * What a tree saves on traces, in numbers by name.
     *
     * @throws ConfigException if the file is no tree
     * @throws Failure if the traces are of no use
     */
    public Map<String, Number> evaluate(Path file, List<Path> traces, PrintWriter err)
            throws ConfigException, Failure, IOException {
        return TreeEvaluator.evaluate(TreeReader.file(file), read(traces, err)).fields();
    }

    /**
     * What differs between two trees.
     *
     * @throws ConfigException if one of the files is no tree
     */
    public String diff(Path first, Path second) throws ConfigException {
        return TreeDiff.of(TreeReader.file(first), TreeReader.file(second)).text();
    }

    /**
     * What a tree is to be fitted to.
     *
     * @param traces the traces, summed
     * @param nodes the most nodes, the root counted
     * @param memoryMb the most modelled memory in MiB; empty for no limit
     * @param pinned whether nodes name versions
     * @param seed decides where the search is random
     * @param worker a worker directory whose packages are known: those that are unfit for zygotes are left out
     */
    public record FitRequest(
            List<Path> traces, int nodes, OptionalDouble memoryMb, boolean pinned, long seed, Optional<Path> worker) {

        /** Copies the list. */
        public FitRequest {
            traces = List.copyOf(traces);
        }
    }

    /**
     * Fits a tree, writes it beside and renames it, and says what it saves.
     *
     * @throws ConfigException if the worker directory is none
     * @throws Failure if the traces are of no use, the limits allow no tree, or the file has no place; no file is
     *     written then
     */
    public String fit(FitRequest request, Path out, PrintWriter err) throws ConfigException, Failure, IOException {
        requirePlace(out, request.traces());
        Map<PackageId, String> unfit = new TreeMap<>(unfit(request.worker()));
        TraceReader.Result read = result(request.traces(), 0, err);
        read.unfit().forEach(unfit::putIfAbsent);
        unfit.keySet().retainAll(read.trace().packages().keySet());
        unfit.forEach(
                (id, reason) -> err.println("zygotes: left out " + id + ", which is unfit for zygotes: " + reason));
        err.flush();
        Trace trace = read.trace().without(unfit::containsKey);
        TreeFitter.Fit fit;
        try {
            fit = TreeFitter.fit(
                    trace,
                    new TreeFitter.Settings(
                            request.nodes(),
                            request.memoryMb(),
                            request.pinned() ? TreeFitter.Versions.PINNED : TreeFitter.Versions.ANY,
                            request.seed()));
        } catch (FitException e) {
            throw new Failure(e.getMessage(), e);
        }
        TreeWriter.write(fit.tree(), out.toAbsolutePath());
        Evaluation training = fit.training();
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT, "wrote %s: %s, %.1f MB%n", out, nodes(training.nodes()), training.modelMb()));
        text.append("on this trace: ")
                .append(saved(training.importMillisTotal(), training.importMillisLeft(), training.savedShare()))
                .append('\n');
        fit.expected()
                .ifPresent(expected -> text.append("expected on unseen calls: ")
                        .append(saved(expected.importMillisTotal(), expected.importMillisLeft(), expected.savedShare()))
                        .append(" (fitted five times to four fifths, tried on the rest)\n"));
        return text.toString();
    }

    /**
     * Measures what importing the packages of a trace costs, those without costs, each in a sandbox of its own, and
     * writes a copy of the trace with the costs beside and renames it. What cannot be measured stays without.
     *
     * @param trace the trace, plain or gzip
     * @param out the copy; gzip if its name ends in {@code .gz}
     * @param bench where it is measured; not closed
     * @param err gets a line for each long step and each package that cannot be measured
     * @return what was done, for people
     * @throws Failure if the trace is of no use or the copy has no place
     * @throws ConfigException if the temporary worker cannot be started
     * @throws SandboxException if this machine cannot run the sandboxes
     */
    public String measure(Path trace, Path out, MeasureBench bench, PrintWriter err)
            throws Failure, ConfigException, SandboxException, IOException, InterruptedException {
        requirePlace(out, List.of());
        TraceCosts costs;
        try {
            costs = TraceCosts.read(trace);
        } catch (FitException e) {
            throw new Failure(e.getMessage(), e);
        }
        List<TraceCosts.Missing> missing = costs.missing();
        Map<PackageId, TraceCosts.Measured> measured =
                missing.isEmpty() ? Map.of() : new ImportMeasurement(bench.start(), err).measure(missing);
        costs.write(measured, out);
        return "wrote " + out + ": " + measured.size() + " of " + missing.size()
                + " packages without costs were measured\n";
    }

    /**
     * The first calls of traces, to be made again.
     *
     * @param traces the traces
     * @param tree the tree that they will be tried with, to be refused now if it is none
     * @param count how many calls; at least 1
     * @return the calls in their order, those of functions that no line describes left out
     * @throws ConfigException if the file is no tree
     * @throws Failure if the traces are of no use
     */
    public List<RecordedCall> calls(List<Path> traces, Path tree, int count, PrintWriter err)
            throws ConfigException, Failure, IOException {
        TreeReader.file(tree);
        List<RecordedCall> calls = result(traces, count, err).first().stream()
                .map(call -> new RecordedCall(call.function(), call.packages(), call.atMillis()))
                .toList();
        if (calls.isEmpty()) {
            throw new Failure("the first " + count + " calls of the trace are all of functions that no line describes;"
                    + " make more of them with --calls");
        }
        return calls;
    }

    /** Says before the work what would come after it. */
    private static void requirePlace(Path out, List<Path> inputs) throws Failure, IOException {
        Path folder = out.toAbsolutePath().normalize().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new Failure("cannot write " + out + ": there is no folder " + folder);
        }
        if (Files.isDirectory(out)) {
            throw new Failure("cannot write " + out + ": it is a folder; name a file in it");
        }
        if (!Files.isWritable(folder)) {
            throw new Failure("cannot write " + out + ": no permission to write into " + folder);
        }
        for (Path input : inputs) {
            if (Files.exists(out) && Files.exists(input) && Files.isSameFile(out, input)) {
                throw new Failure("cannot write " + out + ": it is what is read; name another file");
            }
        }
    }

    private static String saved(double total, double left, double share) {
        return String.format(
                Locale.ROOT, "a call imports %.1f ms instead of %.1f ms, %.1f %% saved", left, total, share * 100);
    }

    private static Trace read(List<Path> files, PrintWriter err) throws Failure, IOException {
        return result(files, 0, err).trace();
    }

    private static TraceReader.Result result(List<Path> files, int first, PrintWriter err) throws Failure, IOException {
        TraceReader.Result result;
        try {
            result = TraceReader.read(files, first);
        } catch (FitException e) {
            throw new Failure(e.getMessage(), e);
        }
        result.repeated().forEach(file -> err.println("zygotes: " + file + " is named twice; it is counted once"));
        if (result.malformed() > 0) {
            err.println("zygotes: left out " + result.malformed() + " malformed lines:");
            result.firstMalformed().forEach(line -> err.println("  " + line));
            if (result.malformed() > result.firstMalformed().size()) {
                err.println("  ...");
            }
        }
        if (result.unknownFunctions() > 0) {
            err.println("zygotes: left out " + result.unknownFunctions()
                    + " invocations of functions that no line describes");
        }
        if (result.trace().estimatedPackages() > 0) {
            err.println("zygotes: the cost of " + result.trace().estimatedPackages()
                    + " packages is not in the trace and was estimated");
        }
        List<PackageId> circular = result.trace().circular();
        if (!circular.isEmpty()) {
            err.println("zygotes: " + circular.size() + " packages need themselves by way of others, such as "
                    + circular.subList(0, Math.min(3, circular.size())) + "; each circle is broken somewhere");
        }
        err.flush();
        return result;
    }
}
