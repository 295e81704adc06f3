package io.zygotes.spi.testkit;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.Zygote;
import io.zygotes.spi.ZygoteSpec;
import java.util.Optional;

/**
 * What goes wrong in a {@link FakeSandboxes}. Called on the thread that asks for the sandbox, before it is made, with
 * no lock held: may throw what the real pool throws, may kill sandboxes, may block.
 */
public interface Trouble {

    /** Nothing goes wrong. */
    Trouble NONE = new Trouble() {};

    /** Called before a zygote is made. */
    default void beforeZygote(Optional<Zygote> parent, ZygoteSpec spec) throws SandboxException, InterruptedException {}

    /** Called before a leaf is made. */
    default void beforeLeaf(Optional<Zygote> parent, LeafSpec spec) throws SandboxException, InterruptedException {}
}
