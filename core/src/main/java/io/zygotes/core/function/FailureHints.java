package io.zygotes.core.function;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.Limits;
import io.zygotes.spi.Packages;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException.ImportFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * Adds to the errors of a lambda what the worker knows of their reason: which limit was hit, and how much that is, or
 * which package is missing. Safe for use by many threads.
 */
final class FailureHints {

    private static final ObjectMapper JSON = new ObjectMapper();
    /** How the runtime begins what it says of an error. */
    private static final byte[] BEGIN = "{\"error\": ".getBytes(StandardCharsets.UTF_8);

    private static final int ERROR = 500;

    private FailureHints() {}

    /** The same failure, with what is known of its reason. */
    static ImportFailed told(ImportFailed failed, LeafSpec spec, Packages packages) {
        return of(failed.getMessage(), spec, packages)
                .map(hint -> new ImportFailed(failed.getMessage() + ". " + hint, failed.traceback(), failed.unfit()))
                .orElse(failed);
    }

    /** The same answer, with what is known of the reason if it is the error of a function. */
    static Answer told(Answer answer, LeafSpec spec, Packages packages) {
        Reply reply = answer.reply();
        if (reply.status() != ERROR || !isReport(reply.body())) {
            return answer;
        }
        try {
            JsonNode report = JSON.readTree(reply.body());
            String error = report.path("error").asText();
            Optional<String> hint = of(error, spec, packages);
            if (hint.isEmpty() || !(report instanceof ObjectNode more)) {
                return answer;
            }
            more.put("error", error + ". " + hint.get());
            return new Answer(
                    new Reply(reply.status(), reply.fields(), JSON.writeValueAsBytes(more)),
                    answer.start(),
                    answer.sandbox());
        } catch (JacksonException e) {
            return answer; // a web application's own answer, which only begins so
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isReport(byte[] body) {
        for (int i = 0; i < BEGIN.length; i++) {
            if (i >= body.length || body[i] != BEGIN[i]) {
                return false;
            }
        }
        return true;
    }

    private static Optional<String> of(String error, LeafSpec spec, Packages packages) {
        return MissingPins.told(error, spec.packages(), packages).or(() -> ofLimits(error, spec.limits()));
    }

    private static Optional<String> ofLimits(String error, Limits limits) {
        if (error.contains("can't start new thread") || error.contains("[Errno 11] Resource temporarily unavailable")) {
            return limit("It may have " + limits.procs() + " processes and threads together", "procs");
        }
        if (error.contains("[Errno 24] Too many open files")) {
            return limit("A process of it may have " + limits.openFiles() + " files open", "open_files");
        }
        if (error.contains("[Errno 28] No space left on device")) {
            return limit("Its /tmp and /host together may hold " + limits.tmpMb() + " MiB", "tmp_mb");
        }
        if (error.contains("MemoryError") || error.contains("[Errno 12] Cannot allocate memory")) {
            return limit("It may use " + limits.memMb() + " MiB, files in /tmp included", "mem_mb");
        }
        return Optional.empty();
    }

    private static Optional<String> limit(String may, String key) {
        return Optional.of(may + " (limits." + key + " in ol.yaml)");
    }
}
