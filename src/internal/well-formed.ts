/** Whether a string has bytes of its own in UTF-8: a lone surrogate is encoded like U+FFFD. */
export const isWellFormed = (text: string): boolean => text.isWellFormed();
