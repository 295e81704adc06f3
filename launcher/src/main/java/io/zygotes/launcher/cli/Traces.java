package io.zygotes.launcher.cli;

import io.zygotes.plugin.tree.fit.FitException;
import io.zygotes.plugin.tree.fit.Trace;
import io.zygotes.plugin.tree.fit.TraceReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;

/** Reads traces for commands, and tells what was wrong with them. */
final class Traces {

    private Traces() {}

    /**
     * @param files the files, summed
     * @param err gets a line for what had to be left out
     * @throws Failure if they are of no use
     */
    static Trace read(List<Path> files, PrintWriter err) throws Failure, IOException {
        TraceReader.Result result;
        try {
            result = TraceReader.read(files);
        } catch (FitException e) {
            throw new Failure(e.getMessage(), e);
        }
        if (result.malformed() > 0) {
            err.println("zygotes: left out " + result.malformed() + " malformed lines:");
            result.firstMalformed().forEach(line -> err.println("  " + line));
            if (result.malformed() > result.firstMalformed().size()) {
                err.println("  ...");
            }
        }
        if (result.unknownFunctions() > 0) {
            err.println("zygotes: left out " + result.unknownFunctions() + " invocations of functions that no line describes");
        }
        if (result.trace().estimatedPackages() > 0) {
            err.println("zygotes: the cost of " + result.trace().estimatedPackages()
                    + " packages is not in the trace and was estimated");
        }
        err.flush();
        return result.trace();
    }
}
