package io.zygotes.launcher.measure.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** What counts as a difference, and what does not. */
class ComparisonTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final Observation untouched = seen(call -> {});

    private static Observation seen(Consumer<ObjectNode> change) {
        ObjectNode call;
        try {
            call = (ObjectNode) JSON.readTree("""
                {"imports": {"a": "ok"}, "import_output": {}, "modules": ["os"], "result": "5", "output": {},
                 "after_import": ["environment: A=1"], "after_call": ["environment: A=1"], "random": [1, 2],
                 "attributes": {}, "child": [0, "", ""], "exit": 0}\
                """);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
        change.accept(call);
        return new Observation(List.of(call), Optional.empty());
    }

    private static void lines(ObjectNode call, String field, String... lines) {
        call.set(field, JSON.valueToTree(lines));
    }

    private List<String> texts(Observation plain, Observation again, Observation here) {
        return new Comparison(plain, again, untouched)
                .differences(here, Optional.empty(), untouched).stream()
                        .map(Difference::text)
                        .toList();
    }

    @Test
    void theSameIsNoDifference() {
        assertEquals(List.of(), texts(untouched, untouched, untouched));
    }

    @Test
    void anotherResultIsOne() {
        Observation here = seen(call -> call.put("result", "6"));
        assertEquals(
                List.of("result of the first call: plain Python has '5', here is '6'"),
                texts(untouched, untouched, here));
    }

    @Test
    void whatIsNeverTheSameInPlainPythonSaysNothing() {
        Observation again = seen(call -> call.put("result", "7"));
        Observation here = seen(call -> call.put("result", "6"));
        assertEquals(List.of(), texts(untouched, again, here));
    }

    @Test
    void whatAnImportSetsAndAForkDoesNotHaveIsToldOnce() {
        Observation plain = seen(call -> {
            lines(call, "after_import", "environment: A=1", "environment: B=2");
            lines(call, "after_call", "environment: A=1", "environment: B=2");
        });
        assertEquals(
                List.of("environment after the import: plain Python has '+B=2', here is nothing"),
                texts(plain, plain, untouched));
    }

    @Test
    void otherSurroundingsFromTheStartAreNoDifference() {
        Observation leaf = seen(call -> {
            lines(call, "after_import", "environment: A=other", "limits: 5");
            lines(call, "after_call", "environment: A=other", "limits: 5");
        });
        Observation here = seen(call -> {
            lines(call, "after_import", "environment: A=other", "limits: 5", "environment: B=2");
            lines(call, "after_call", "environment: A=other", "limits: 5", "environment: B=2");
        });
        Observation plain = seen(call -> {
            lines(call, "after_import", "environment: A=1", "environment: B=2");
            lines(call, "after_call", "environment: A=1", "environment: B=2");
        });
        assertEquals(List.of(), new Comparison(plain, plain, untouched).differences(here, Optional.empty(), leaf));
    }

    @Test
    void ofRandomNamesOnlyTheirNumberCounts() {
        Observation plain = seen(call -> lines(call, "after_import", "environment: A=1", "files: /tmp/x1"));
        Observation again = seen(call -> lines(call, "after_import", "environment: A=1", "files: /tmp/y2"));
        Observation here = seen(call -> lines(call, "after_import", "environment: A=1", "files: /tmp/z3"));
        assertEquals(List.of(), texts(plain, again, here));
        assertEquals(1, texts(plain, again, untouched).size());
    }

    @Test
    void aFailureInBothIsNone() {
        Observation failed = Observation.failed("it ends");
        assertEquals(List.of(), texts(failed, failed, failed));
        assertEquals(1, texts(untouched, untouched, failed).size());
        assertEquals(1, texts(failed, failed, untouched).size());
    }

    @Test
    void numbersThatComeAgainInAnotherForkAreADifference() {
        Observation again = seen(call -> call.set("random", JSON.valueToTree(List.of(3, 4))));
        Observation other = seen(call -> call.set("random", JSON.valueToTree(List.of(1, 5))));
        List<Difference> found =
                new Comparison(untouched, again, untouched).differences(untouched, Optional.of(other), untouched);
        assertEquals(
                List.of("random numbers"), found.stream().map(Difference::what).toList());
        assertEquals(
                List.of(),
                new Comparison(untouched, again, untouched).differences(untouched, Optional.of(again), untouched));
    }

    @Test
    void aModuleThatIsNotLoadedIsADifference() {
        Observation plain = seen(call -> lines(call, "modules", "os", "a", "a.b"));
        Observation here = seen(call -> lines(call, "modules", "os", "a", "more"));
        assertEquals(List.of("loaded modules: plain Python has 'a.b', here is nothing"), texts(plain, plain, here));
    }

    private static long sum(String text) {
        CRC32 sum = new CRC32();
        sum.update(text.getBytes());
        return sum.getValue();
    }

    private static JsonNode json(String text) throws JsonProcessingException {
        return JSON.readTree(text);
    }

    @Test
    void attributesThatDoNotFitAreAskedFor() throws JsonProcessingException {
        JsonNode plain = json("{\"a\": {\"one\": \"int 1\", \"two\": \"int 2\", \"three\": \"int 3\"}}");
        JsonNode here = json("{\"a\": {\"one\": " + sum("int 1") + ", \"two\": " + sum("int 5") + ", \"b\": 7}}");
        Attributes attributes = new Attributes(plain, plain, here);
        JsonNode asked = json(attributes.question()).path("describe");
        assertEquals("[[\"a\",\"two\"],[\"a\",\"three\"],[\"a\",\"b\"]]", asked.toString());

        List<String> told = attributes
                .differences(json("[[\"a\",\"two\",\"int 5\"],[\"a\",\"three\",null],[\"a\",\"b\",\"module a.b\"]]"))
                .stream()
                .map(Difference::text)
                .toList();
        assertEquals(
                List.of(
                        "attribute a.two: plain Python has 'int 2', here is 'int 5'",
                        "attribute a.three: plain Python has 'int 3', here is nothing"),
                told,
                "a.b is there because another package has imported it");
    }

    @Test
    void attributesThatAreNeverTheSameOnlyHaveToBeThere() throws JsonProcessingException {
        Attributes attributes = new Attributes(
                json("{\"a\": {\"pid\": \"int 1\"}}"),
                json("{\"a\": {\"pid\": \"int 2\"}}"),
                json("{\"a\": {\"pid\": " + sum("int 3") + "}}"));
        assertEquals("", attributes.question());
        assertEquals(List.of(), attributes.differences(MissingNode.getInstance()));
    }

    @Test
    void everyReasonOfTheReviewedListSaysSomething() {
        OnPurpose list = OnPurpose.read();
        Difference unknown = new Difference("something nobody knows", "a", "b");
        assertTrue(list.reason("no-such-package", "node", unknown).isEmpty());
    }
}
