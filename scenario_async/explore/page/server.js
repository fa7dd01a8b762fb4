// Asks the explorer. Every answer is JSON; what failed says so in its `error`, in words.

const LOST = {
  what: "The explorer does not answer.", message: "", fix: "It is tried again by itself.", retryable: true, lost: true,
};
const ENDED = {
  what: "This page belongs to an explorer that has ended.", message: "", fix: "Open the address of the one that runs now.",
};
const FAILED = { what: "The explorer itself failed.", message: "", fix: "", retryable: false };

class Server {
  // Give the answer, or null if it was called off.
  async ask(name, asked, signal) {
    const body = asked instanceof Blob ? asked : JSON.stringify(asked);
    try {
      const reply = await fetch(name, { method: "POST", body, signal, cache: "no-store" });
      if (reply.status === 403) return { error: ENDED };
      return reply.ok ? parsed(await reply.text()) : { error: FAILED };
    } catch (error) {
      if (error.name === "AbortError") return null;
      return { error: LOST };
    }
  }

  // Give a file, or an answer with an error.
  async file(name, asked) {
    try {
      const reply = await fetch(name, { method: "POST", body: JSON.stringify(asked) });
      if (!reply.ok) return { error: reply.status === 403 ? ENDED : FAILED };
      const said = reply.headers.get("content-disposition");
      if (!said) return await reply.json();
      return { name: /filename="([^"]+)"/.exec(said)?.[1] ?? "picks", blob: await reply.blob() };
    } catch {
      return { error: LOST };
    }
  }

  // Tell each line of an answer as it comes.
  async lines(name, asked, tell, signal) {
    try {
      const reply = await fetch(name, { method: "POST", body: JSON.stringify(asked), signal });
      if (!reply.ok) return void tell({ error: reply.status === 403 ? ENDED : FAILED });
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      let kept = "";
      for (;;) {
        const { value, done } = await reader.read();
        const lines = (kept + (value ?? "")).split("\n");
        kept = lines.pop();
        lines.filter(Boolean).forEach((line) => tell(JSON.parse(line)));
        if (done) return undefined;
      }
    } catch (error) {
      if (error.name !== "AbortError") tell({ error: LOST });
      return undefined;
    }
  }
}
