"""The page on which a person shows a key: whole in itself, since everything else is behind the lock."""

from __future__ import annotations

from html import escape
from typing import Final

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in · Agentic platform</title>
<style>
:root { --bg: #f7f8fa; --surface: #fff; --border: #dfe2e8; --control: #858c9b; --text: #14171f; --text2: #454b59;
  --accent: #4348cf; --on-accent: #fff; --error: #b42222 }
@media (prefers-color-scheme: dark) { :root { --bg: #0d0f14; --surface: #14171e; --border: #262b36;
  --control: #6b7385; --text: #eef0f5; --text2: #b7bdca; --accent: #a3a8ff; --on-accent: #0d0f14; --error: #ff9a93 } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--bg); color: var(--text);
  font: 14px/20px Inter, system-ui, sans-serif }
main { width: min(360px, 100vw - 48px); box-sizing: border-box; padding: 24px; background: var(--surface);
  border: 1px solid var(--border); border-radius: 12px }
h1 { margin: 0 0 4px; font-size: 20px; line-height: 28px; font-weight: 640 }
p { margin: 0 0 16px; color: var(--text2) }
p[role=alert] { color: var(--error) }
label { display: block; margin-bottom: 4px; font-weight: 600 }
input, button { width: 100%; box-sizing: border-box; height: 36px; border-radius: 8px; font: inherit }
input { padding: 0 8px; margin-bottom: 16px; color: inherit; background: var(--bg); border: 1px solid var(--control) }
button { border: 0; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
</style>
</head>
<body>
<main>
<h1>Agentic platform</h1>
<p>Log in with a key that has the scope <code>admin</code>.</p>
@error@<form method="post">
<label for="key">Key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Log in</button>
</form>
</main>
</body>
</html>
"""


def login_page(error: str) -> str:
    """The page; `error` says why the last key was not taken."""
    alert = f'<p role="alert">{escape(error)}</p>\n' if error else ""
    return _PAGE.replace("@error@", alert)
