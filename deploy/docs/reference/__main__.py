"""Write the reference: `python -m deploy.docs.reference`."""

from deploy.docs.reference.pages import FOLDER, pages

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in pages():
        file.write_text(text, encoding="utf-8")
