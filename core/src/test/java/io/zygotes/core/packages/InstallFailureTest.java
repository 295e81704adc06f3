package io.zygotes.core.packages;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.zygotes.spi.FailureKind;
import org.junit.jupiter.api.Test;

class InstallFailureTest {

    @Test
    void whatPipAndUvSayIsOfTheSameKind() {
        assertEquals(
                InstallFailure.HASHES,
                InstallFailure.of("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."));
        assertEquals(
                InstallFailure.HASHES,
                InstallFailure.of("error: Failed to download `a==1`\n  cause: Hash mismatch for `a==1`"));
        assertEquals(
                InstallFailure.UNREACHABLE,
                InstallFailure.of("WARNING: Retrying (Retry(total=0, connect=None)) after connection broken\n"
                        + "ERROR: No matching distribution found for a==1"));
        assertEquals(
                InstallFailure.UNREACHABLE,
                InstallFailure.of(
                        "error: Request failed\n  cause: error sending request for url (http://x/simple/a/)"));
        assertEquals(
                InstallFailure.UNAUTHORIZED,
                InstallFailure.of("WARNING: 401 Error, Credentials not correct for http://x/\n"
                        + "ERROR: No matching distribution found for a==1"));
        assertEquals(
                InstallFailure.UNAUTHORIZED,
                InstallFailure.of("error: No solution found when resolving dependencies\n"
                        + "hint: An index URL could not be queried (401 Unauthorized)"));
        assertEquals(InstallFailure.NO_VERSION, InstallFailure.of("ERROR: No matching distribution found for a==1"));
        assertEquals(
                InstallFailure.NO_VERSION,
                InstallFailure.of("error: No solution found when resolving dependencies\n  cause: no version of a==1"));
        assertEquals(InstallFailure.OTHER, InstallFailure.of("ERROR: Failed building wheel for a"));
    }

    @Test
    void whereThereAreCredentialsTheyMayBeWhyNothingIsFound() {
        assertTrue(InstallFailure.NO_VERSION.words(true).contains("credentials"));
        assertFalse(InstallFailure.NO_VERSION.words(false).contains("credentials"));
    }

    @Test
    void onlyAnIndexThatDoesNotAnswerMayAnswerLater() {
        for (InstallFailure failure : InstallFailure.values()) {
            boolean later = failure == InstallFailure.UNREACHABLE;
            assertEquals(later ? FailureKind.GONE : FailureKind.OTHER, failure.kind());
        }
    }
}
