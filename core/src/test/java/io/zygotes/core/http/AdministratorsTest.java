package io.zygotes.core.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.zygotes.core.http.HttpQuestion.Sender;
import io.zygotes.spi.HeaderField;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdministratorsTest {

    private static final String TOKEN = "a-token-of-this-test-2";

    @TempDir
    Path folder;

    private Administrators withToken() throws IOException {
        Path file = Files.writeString(folder.resolve("token"), TOKEN);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return new Administrators(Optional.of(file));
    }

    private static int status(Administrators administrators, Sender sender) {
        HttpQuestion question = new HttpQuestion(
                "POST",
                "/registry/hello",
                null,
                "",
                "",
                () -> List.of(new HeaderField("authorization", "bearer " + TOKEN)),
                () -> new byte[0],
                _ -> {},
                new WholeAnswer(0),
                (_, _) -> {},
                sender);
        return administrators.refusal(question).map(HttpAnswer::status).orElse(200);
    }

    @Test
    void aLambdaIsNoAdministratorEvenWithTheToken() throws Exception {
        assertEquals(200, status(withToken(), Sender.CLIENT));
        assertEquals(403, status(withToken(), Sender.LAMBDA));
        assertEquals(200, status(withToken(), Sender.OWNER));
    }

    @Test
    void withoutATokenTheOwnerAloneIs() {
        Administrators nobody = new Administrators(Optional.empty());
        assertEquals(403, status(nobody, Sender.CLIENT));
        assertEquals(403, status(nobody, Sender.LAMBDA));
        assertEquals(200, status(nobody, Sender.OWNER));
    }
}
