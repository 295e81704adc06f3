package io.zygotes.launcher.isolation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;

/** Turns what an attack lambda reports into tests, one for each attack. */
final class Rows {

    private Rows() {}

    /** Every attack ended as it has to. */
    static List<DynamicTest> held(AttackedWorker.Answer answer) {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode row : rows(answer)) {
            tests.add(DynamicTest.dynamicTest(
                    name(row),
                    () -> assertTrue(
                            allowed(row).contains(got(row)),
                            () -> name(row) + ": " + got(row) + ", allowed: " + allowed(row))));
        }
        return tests;
    }

    /** Without the filter, the attacks that only it stops end in another way: the probes are real. */
    static List<DynamicTest> open(AttackedWorker.Answer answer) {
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode row : rows(answer)) {
            if (row.get("open").asBoolean()) {
                tests.add(DynamicTest.dynamicTest(
                        name(row),
                        () -> assertFalse(
                                allowed(row).contains(got(row)),
                                () -> name(row) + " is stopped without a filter, too: " + got(row))));
            }
        }
        return tests;
    }

    private static JsonNode rows(AttackedWorker.Answer answer) {
        assertEquals(200, answer.status(), () -> answer.body().toString());
        assertTrue(
                answer.body().isArray() && !answer.body().isEmpty(),
                () -> answer.body().toString());
        return answer.body();
    }

    private static String name(JsonNode row) {
        return row.get("id").asText() + " " + row.get("what").asText();
    }

    private static String got(JsonNode row) {
        return row.get("got").asText();
    }

    private static List<String> allowed(JsonNode row) {
        List<String> all = new ArrayList<>();
        row.get("allowed").forEach(one -> all.add(one.asText()));
        return all;
    }
}
