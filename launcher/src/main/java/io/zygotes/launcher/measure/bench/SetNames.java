package io.zygotes.launcher.measure.bench;

import java.util.ArrayList;

/** Names of sets of packages, for the usage and for shells that complete. */
final class SetNames extends ArrayList<String> {

    private static final long serialVersionUID = 1;

    SetNames() {
        super(PackageSet.ALL.stream().map(PackageSet::name).toList());
    }
}
