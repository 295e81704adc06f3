package io.zygotes.sandbox.sock.warden;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How {@code tuning.py} reads what is to be left out. */
class TuningTest {

    private static final String PROGRAM = """
        try:
            from _zygotes import tuning
            print(tuning.PRACTICE, tuning.PLAIN_JSON, tuning.HUGE_FOLIOS, end="")
        except ValueError as error:
            print("no-practice" in str(error) and "'off'" in str(error), end="")
        """;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "''; True True True",
                "off; False False False",
                "no-practice; False True True",
                "no-practice,no-huge_folios; False True False",
                "no-such; True",
                "practice; True",
            })
    void allOfItOrWhatIsNamedIsLeftOutAndOtherNamesAreRefusedWithTheRightOnes(String value, String expected)
            throws Exception {
        PythonRuntime python = PythonRuntime.prepare("python3", Optional.empty(), folder);
        byte[] printed = RuntimeProgram.run(python, PROGRAM, Map.of("ZYGOTES_TUNING", value));
        assertEquals(expected, new String(printed, StandardCharsets.UTF_8));
    }
}
