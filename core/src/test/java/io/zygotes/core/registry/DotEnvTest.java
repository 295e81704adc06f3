package io.zygotes.core.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The form of python-dotenv. */
class DotEnvTest {

    private static Map<String, String> parse(String text) {
        return DotEnv.parse(text, Map.of("REGION", "eu"));
    }

    @Test
    void namesHaveValuesWithAndWithoutQuotes() {
        assertEquals(
                Map.of("A", "1", "B", "two words", "C", "x # y", "D", "", "E", "a=b", "F", "007", "G", "x#y"),
                parse("""
                    # settings
                    A=1
                    export B = "two words"   # a comment
                    C='x # y'

                    D=
                      E=a=b # another
                    F=007\r
                    G=x#y
                    H
                    """));
    }

    @Test
    void escapesCountInQuotesAsThereAndNowhereElse() {
        assertEquals(
                Map.of("A", "a\nb\t\"c\" \\d", "B", "it's \\n \\", "C", "a\\nb", "D", "first\nsecond"),
                parse("A=\"a\\nb\\t\\\"c\\\" \\d\"\nB='it\\'s \\n \\\\'\nC=a\\nb\nD=\"first\nsecond\"\n"));
    }

    @Test
    void variablesInBracesStandForOthersAndNothingIsRun() {
        assertEquals(
                Map.of(
                        "HOST", "db",
                        "URL", "pg://db:5432/eu",
                        "S", "db",
                        "N", "none",
                        "P", "$HOST $(id) `id`",
                        "U", "",
                        "REGION", "us",
                        "R", "eu"),
                parse("""
                    HOST=db
                    URL="pg://${HOST}:${PORT:-5432}/${REGION}"
                    S='${HOST}'
                    N=${NOTHING:-none}
                    P=$HOST $(id) `id`
                    U=${NOTHING}
                    REGION=us
                    R=${REGION}
                    """));
    }

    @Test
    void theLastOfTwoCountsAndAMarkAtTheBeginningDoesNot() {
        assertEquals(Map.of("A", "2"), parse("\uFEFFA=1\nA=2"));
        assertEquals(Map.of("odd name", "1"), parse("'odd name'=1"));
        assertEquals(Map.of(), parse(""));
    }

    @Test
    void allFaultsAreToldWithTheirLines() {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> parse("""
            A=1
            = 2
            not a name
            B="open
            C='x' y
            LD_PRELOAD=/x.so
            """));

        List<String> faults = List.of(e.getMessage().split("; \\.env, "));
        assertEquals(5, faults.size(), e.getMessage());
        assertTrue(faults.get(0).startsWith(".env, line 2: a name is missing"), e.getMessage());
        assertTrue(faults.get(1).startsWith("line 3: a '=' is missing behind 'not'"), e.getMessage());
        assertTrue(faults.get(2).startsWith("line 4: the value has no closing \""), e.getMessage());
        assertTrue(faults.get(3).startsWith("line 5: something stands behind"), e.getMessage());
        assertTrue(faults.get(4).startsWith("line 6: environment: LD_PRELOAD counts only"), e.getMessage());
    }

    @Test
    void aValueThatGrowsByItsOwnNamesHasAnEnd() {
        StringBuilder text = new StringBuilder("A0=xxxxxxxxxx\n");
        for (int i = 1; i < 40; i++) {
            text.append("A")
                    .append(i)
                    .append("=${A")
                    .append(i - 1)
                    .append("}${A")
                    .append(i - 1)
                    .append("}\n");
        }
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> parse(text.toString()));
        assertTrue(e.getMessage().contains("more than"), e.getMessage());
    }
}
