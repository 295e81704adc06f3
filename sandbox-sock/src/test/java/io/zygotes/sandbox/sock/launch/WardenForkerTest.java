package io.zygotes.sandbox.sock.launch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class WardenForkerTest {

    @Test
    void sandboxesGoBeforeTheRestOfTheMachine() {
        assertEquals("500", WardenForker.expendable("0\n"));
        assertEquals("500", WardenForker.expendable("-998\n"));
    }

    /** Pods are at up to 1000 themselves, and who may not go below that gets EACCES: proc_pid_oom_score_adj(5). */
    @Test
    void theyKeepWhatTheWorkerHasIfThatIsMore() {
        assertEquals("999", WardenForker.expendable("999\n"));
    }
}
