package io.zygotes.core.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.spi.Reply;
import io.zygotes.spi.SandboxException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a function answered, in the form that callers of AWS Lambda get it. A function that failed is an answer, too:
 * the runtime of the service calls all of that {@code Unhandled}.
 *
 * @param payload the body, JSON
 * @param failed whether it tells of an error of the function
 */
record Outcome(byte[] payload, boolean failed) {

    /** The largest answer, 6 MB and a little, as the service's own error says. */
    static final int MOST_BYTES = 6_291_556;

    private static final String MARSHAL = "what the lambda returned cannot be written as JSON: ";
    private static final String EXIT = "the lambda called sys.exit(";

    /** An error as the sandbox tells it: {@code ValueError: negative}. */
    private static final Pattern TYPE =
            Pattern.compile("(?<type>[A-Za-z_][A-Za-z0-9_.]*)(: (?<text>.*))?", Pattern.DOTALL);

    Outcome {
        Objects.requireNonNull(payload);
    }

    /** What a reply means. */
    static Outcome of(Reply reply, String requestId) {
        if (reply.status() >= 500) {
            Outcome error = failure(reply.body(), requestId);
            if (error != null) {
                return error;
            }
        }
        if (reply.body().length > MOST_BYTES) {
            return error(
                    "Function.ResponseSizeTooLarge",
                    "Response payload size exceeded maximum allowed payload size (" + MOST_BYTES + " bytes).",
                    List.of(),
                    requestId);
        }
        return new Outcome(reply.body(), false);
    }

    /** A report of an error in our form; null if it is none, but what a function answered. */
    private static Outcome failure(byte[] body, String requestId) {
        JsonNode report;
        try {
            report = Json.read(body);
        } catch (IOException e) {
            return null;
        }
        if (!report.path("error").isTextual()) {
            return null;
        }
        String error = report.get("error").textValue();
        List<String> trace = stackTrace(report.path("traceback").asText());
        if (error.startsWith(MARSHAL)) {
            return error(
                    "Runtime.MarshalError",
                    "Unable to marshal response: " + error.substring(MARSHAL.length()),
                    List.of(),
                    requestId);
        }
        if (error.startsWith(EXIT)) {
            return error("Runtime.ExitError", runtime(requestId, error), List.of(), requestId);
        }
        return ofText(error, trace, requestId);
    }

    private static Outcome ofText(String error, List<String> trace, String requestId) {
        Matcher matcher = TYPE.matcher(error);
        return matcher.matches()
                ? error(
                        matcher.group("type"),
                        matcher.group("text") == null ? "" : matcher.group("text"),
                        trace,
                        requestId)
                : error("Runtime.Unknown", error, trace, requestId);
    }

    private static Outcome error(String type, String message, List<String> trace, String requestId) {
        ObjectNode body = Json.object();
        body.put("errorMessage", message);
        body.put("errorType", type);
        body.put("requestId", requestId);
        ArrayNode lines = body.putArray("stackTrace");
        trace.forEach(lines::add);
        return new Outcome(Json.bytes(body), true);
    }

    /**
     * The frames of a traceback's last error, as {@code traceback.format_list} of Python has them: each with the line
     * of code below it.
     */
    static List<String> stackTrace(String traceback) {
        List<String> frames = new ArrayList<>();
        StringBuilder frame = new StringBuilder();
        for (String line : traceback.split("\n")) {
            boolean begins = line.startsWith("  File \"");
            boolean belongs = begins || line.startsWith("  ") && !frame.isEmpty();
            if (begins || !belongs) {
                add(frames, frame);
            }
            if (line.startsWith("Traceback (most recent call last)")) {
                frames.clear();
            }
            if (belongs) {
                frame.append(line).append('\n');
            }
        }
        add(frames, frame);
        return frames;
    }

    private static void add(List<String> frames, StringBuilder frame) {
        if (!frame.isEmpty()) {
            frames.add(frame.toString());
            frame.setLength(0);
        }
    }

    /** A call took longer than it may. */
    static Outcome timedOut(int seconds, String requestId) {
        return error(
                "Sandbox.Timedout",
                runtime(requestId, String.format(Locale.ROOT, "Task timed out after %d.00 seconds", seconds)),
                List.of(),
                requestId);
    }

    /** The sandbox of a call ended. */
    static Outcome died(SandboxException failure, String requestId) {
        String type = failure instanceof SandboxException.OutOfMemory ? "Runtime.OutOfMemory" : "Runtime.ExitError";
        return error(type, runtime(requestId, failure.getMessage()), List.of(), requestId);
    }

    /** A package of the function cannot be installed. */
    static Outcome notInstalled(String message, String requestId) {
        return error("Runtime.InstallError", runtime(requestId, message), List.of(), requestId);
    }

    /** The module of the function cannot be imported. */
    static Outcome notImported(SandboxException.ImportFailed failure, String module, String requestId) {
        String last = failure.traceback().strip();
        last = last.substring(last.lastIndexOf('\n') + 1);
        List<String> trace = stackTrace(failure.traceback());
        if (last.startsWith("ModuleNotFoundError: ") || last.startsWith("ImportError: ")) {
            return error(
                    "Runtime.ImportModuleError",
                    "Unable to import module '" + module + "': " + last.substring(last.indexOf(' ') + 1),
                    List.of(),
                    requestId);
        }
        if (last.startsWith("SyntaxError: ") || last.startsWith("IndentationError: ")) {
            return error(
                    "Runtime.UserCodeSyntaxError",
                    "Syntax error in module '" + module + "': " + last.substring(last.indexOf(' ') + 1),
                    trace,
                    requestId);
        }
        return last.isEmpty() ? ofText(failure.getMessage(), trace, requestId) : ofText(last, trace, requestId);
    }

    private static String runtime(String requestId, String message) {
        return "RequestId: " + requestId + " Error: " + message;
    }
}
