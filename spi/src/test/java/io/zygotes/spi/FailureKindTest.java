package io.zygotes.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Every error of a sandbox says why, for programs. */
final class FailureKindTest {

    @Test
    void everyErrorHasTheKindThatItsTypePromises() {
        Map<SandboxException, FailureKind> expected = Map.of(
                new SandboxException.NoCapacity("full"), FailureKind.NO_MEMORY,
                new SandboxException.NoCapacity(FailureKind.TOO_MANY_FILES, "EMFILE"), FailureKind.TOO_MANY_FILES,
                new SandboxException.ZygoteGone("zygote-1 is gone"), FailureKind.GONE,
                new SandboxException.ImportFailed("no numpy", "Traceback"), FailureKind.PYTHON,
                new SandboxException.TimedOut("too long"), FailureKind.TIMED_OUT,
                new SandboxException.OutOfMemory("too large"), FailureKind.NO_MEMORY,
                new SandboxException.Died("killed", true), FailureKind.GONE,
                new SandboxException("something"), FailureKind.OTHER,
                new SandboxException(FailureKind.NO_SPACE, "disk full"), FailureKind.NO_SPACE);

        expected.forEach((error, kind) -> assertEquals(kind, error.kind(), error.toString()));
    }

    @Test
    void theCauseIsKeptAndAKindIsNeverNull() {
        Exception cause = new Exception("below");

        assertSame(cause, new SandboxException(FailureKind.REFUSED, "EPERM", cause).getCause());
        assertSame(cause, new SandboxException.NoCapacity(FailureKind.NO_PROCESSES, "EAGAIN", cause).getCause());
        assertThrows(NullPointerException.class, () -> new SandboxException((FailureKind) null, "why?"));
    }

    @Test
    void onlyWhatIsShortForAMomentIsWorthAnotherTry() {
        Set<FailureKind> passing =
                Arrays.stream(FailureKind.values()).filter(FailureKind::passing).collect(Collectors.toSet());

        assertEquals(
                EnumSet.of(
                        FailureKind.TOO_MANY_FILES, FailureKind.NO_PROCESSES, FailureKind.NO_MEMORY, FailureKind.GONE),
                passing);
    }
}
