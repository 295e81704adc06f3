package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;

/**
 * One package: compares what it does under each strategy with plain Python, and explains what is explained. Under
 * one strategy at a time.
 */
final class SubjectCheck {

    /** What a leaf is asked. */
    static final List<String> EVENTS = List.of("{\"call\": 1, \"child\": true}", "{\"call\": 2}");

    /** How the log tells that a zygote cannot import its packages, although plain Python can with what extras bring. */
    private static final String IMPORT_FAILED = "the import failed";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PRINTED =
            "what a package prints while it is imported is printed once, by the zygote that imports it";
    private static final String OTHERS =
            "its zygote has imported packages that it needs, and these import more than the package does by itself";

    private final Subject subject;
    private final PlainPython plainPython;
    private final Future<Comparison> plain;
    private final OnPurpose onPurpose;
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> zygotes = new ArrayList<>();
    private String unfit = "";
    /** As {@link #plain}, where these modules were imported before it. */
    private final Map<List<String>, Comparison> withOthers = new HashMap<>();

    /**
     * @param subject the package
     * @param plainPython where it can be run once more
     * @param plain what it does in plain Python, when that is known
     * @param onPurpose what is explained
     */
    SubjectCheck(Subject subject, PlainPython plainPython, Future<Comparison> plain, OnPurpose onPurpose) {
        this.subject = subject;
        this.plainPython = plainPython;
        this.plain = plain;
        this.onPurpose = onPurpose;
    }

    Subject subject() {
        return subject;
    }

    /**
     * Runs and compares it.
     *
     * @param strategy the strategy
     * @param worker a worker under it
     * @param bare what a leaf without packages looks like under it
     * @param log what the worker says
     */
    void under(Strategy strategy, CheckWorker worker, Observation bare, WorkerLog log)
            throws InterruptedException, ExecutionException, IOException {
        Observation here = worker.observe(subject.lambda(), EVENTS);
        Comparison comparison = plain.get();
        boolean forked = !here.preloaded().isEmpty();
        if (forked) {
            zygotes.add(strategy.name());
        }
        List<Difference> differences = compare(comparison, here, Optional.empty(), worker, bare);
        if (!here.present().isEmpty()) {
            Observation other = otherLeaf(worker);
            differences = compare(comparison, here, Optional.of(other), worker, bare);
            if (!differences.isEmpty()) {
                List<Difference> left = Comparison.left(
                        differences, compare(withOthers(here.present()), here, Optional.of(other), worker, bare));
                for (Difference difference : differences) {
                    tell(strategy, difference, left.contains(difference) ? printed(difference, worker) : OTHERS);
                }
            }
        } else {
            differences.forEach(difference -> tell(strategy, difference, null));
        }
        worker.drop(subject.lambda());
        if (strategy.hasAll() && !forked && !subject.modules().isEmpty() && comparison.worksInPlainPython()) {
            explainLackOfZygote(strategy, worker, log);
        }
    }

    private Observation otherLeaf(CheckWorker worker) throws InterruptedException {
        worker.drop(subject.lambda());
        return worker.observe(subject.lambda(), List.of("{\"call\": 1}"));
    }

    /** The live leaf, whichever it is, is asked for what the attributes are that do not fit. */
    private List<Difference> compare(
            Comparison comparison, Observation here, Optional<Observation> other, CheckWorker worker, Observation bare)
            throws InterruptedException {
        List<Difference> found = new ArrayList<>(comparison.differences(here, other, bare));
        if (here.failure().isEmpty() && comparison.plain().failure().isEmpty()) {
            Attributes attributes = comparison.attributes(here);
            String question = attributes.question();
            JsonNode answer = question.isEmpty()
                    ? MissingNode.getInstance()
                    : worker.observe(subject.lambda(), List.of(question)).first();
            found.addAll(attributes.differences(answer));
        }
        return found;
    }

    /** What the package does in plain Python where that was imported before it which its zygote had imported. */
    private Comparison withOthers(List<String> first) throws InterruptedException, ExecutionException, IOException {
        Comparison known = withOthers.get(first);
        if (known == null) {
            known = new Comparison(
                    plainPython.run(subject, first),
                    plainPython.run(subject, first),
                    plain.get().untouched());
            withOthers.put(first, known);
        }
        return known;
    }

    /** The reason if it is output that the zygote printed; null otherwise. */
    private static String printed(Difference difference, CheckWorker worker) throws IOException, InterruptedException {
        boolean isOutput = difference.what().equals(Comparison.OUTPUT_OF_IMPORT)
                && difference.here().isEmpty();
        return isOutput && worker.printed(lines(difference.plain())) ? PRINTED : null;
    }

    /** What was printed, of an object with a text for each stream. */
    private static String lines(String told) {
        StringBuilder all = new StringBuilder();
        try {
            JSON.readTree(told).forEach(text -> all.append(text.asText()).append('\n'));
        } catch (JsonProcessingException e) {
            // It was long and is cut off; it is looked for as it is.
            return told;
        }
        return all.toString();
    }

    private void tell(Strategy strategy, Difference difference, String reason) {
        String known = reason != null
                ? reason
                : onPurpose.reason(subject.name(), strategy.name(), difference).orElse(null);
        findings.add(Finding.of(strategy.name(), difference, known));
    }

    private void explainLackOfZygote(Strategy strategy, CheckWorker worker, WorkerLog log) {
        Optional<String> reason = subject.packages().stream()
                .filter(each -> worker.packages().unfit(each.id()).isPresent())
                .map(each -> each.id().name().equals(subject.name())
                        ? worker.packages().unfit(each.id()).orElseThrow()
                        : "it needs " + each.id().name() + ": "
                                + worker.packages().unfit(each.id()).orElseThrow())
                .findFirst()
                .or(() -> log.about(subject.lambda()).map(said -> said.replaceFirst("^[^:]*: ", "")));
        String said = log.with(subject.name() + "==" + subject.version()).orElse("nothing in the log says why");
        int failed = said.indexOf(IMPORT_FAILED);
        if (reason.isPresent() || failed >= 0) {
            unfit = reason.orElseGet(() -> "without what only an extra asks for, " + said.substring(failed));
            return;
        }
        tell(strategy, new Difference("zygote", "none is needed", "none was made: " + said), null);
    }

    /** What came out. */
    CheckRow row() {
        boolean unexplained = findings.stream().anyMatch(finding -> finding.reason() == null);
        Verdict verdict = unexplained
                ? Verdict.DIFFERS
                : !unfit.isEmpty() ? Verdict.UNFIT : findings.isEmpty() ? Verdict.SAME : Verdict.ON_PURPOSE;
        return new CheckRow(subject.name(), subject.version(), verdict, unfit, zygotes, exercised(), findings);
    }

    private boolean exercised() {
        Observation seen = plain.resultNow().plain();
        return !Observation.text(seen.first().path("result")).isEmpty();
    }
}
