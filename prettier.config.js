export default { singleQuote: true, printWidth: 150 };
