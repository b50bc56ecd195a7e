// What an example in the documentation may use without declaring it: things that the reader's app already has.
declare const ydoc: import('yjs').Doc
declare const editor: import('@tiptap/core').Editor
